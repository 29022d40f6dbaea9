"""The page. It imports moe_core; nothing in moe_core imports it."""

from app.quick import write_no_stubs

write_no_stubs()  # before any module of this package imports gradio
