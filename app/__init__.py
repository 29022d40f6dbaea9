"""The page. It imports moe_core; nothing in moe_core imports it."""
