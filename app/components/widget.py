"""A piece of page drawn in the browser from a JSON value.

The markup never changes and never holds a visitor's text: gradio runs templates as code, so the
script beside each class puts every string in place as plain text.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path

import gradio as gr

FOLDER = Path(__file__).parent


class Widget(gr.HTML):
    """Static markup, a script, and a JSON value that the script watches."""

    markup = ""  # the only HTML, without any placeholder
    script = ""  # name of the JavaScript file in this folder
    constants: dict = {}  # what the script must know beforehand
    hands_out: Callable | None = None  # (session) -> the file behind it or None, set by its tab; see FileDesk

    def __init__(self, value=None, **properties):
        events = ", ".join(re.findall(r"trigger\(('\w+')", self._read()))  # gradio looks for their names here
        super().__init__(value=value, html_template=self.markup, apply_default_css=False, js_on_load=(
            f"window.moescope.widgets['{self.script}'](element, props, window.moescope.newest(trigger), watch);"
            f" // tells of {events}"),
            **properties)

    @classmethod
    def _read(cls) -> str:
        return (FOLDER / cls.script).read_text("utf-8")

    @classmethod
    def in_the_head(cls) -> str:
        """The script as the page's head holds it: once, however many of these widgets there are."""
        known = "".join(f"const {name} = {json.dumps(constant)};\n" for name, constant in cls.constants.items())
        open_scope = f"window.moescope.widgets['{cls.script}'] = (element, props, trigger, watch) => {{\n"
        return f"{open_scope}{known}{cls._read()}}};\n"

    def postprocess(self, value):
        return value

    def api_info(self) -> dict:
        return {"type": "object"}
