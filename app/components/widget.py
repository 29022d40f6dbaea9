"""A piece of page drawn in the browser from a JSON value.

The markup never changes and never holds a visitor's text: gradio runs templates as code, so the
script beside each class puts every string in place as plain text.
"""

import json
from pathlib import Path

import gradio as gr

FOLDER = Path(__file__).parent


class Widget(gr.HTML):
    """Static markup, a script, and a JSON value that the script watches."""

    markup = ""  # the only HTML, without any placeholder
    script = ""  # name of the JavaScript file in this folder
    constants: dict = {}  # what the script must know beforehand

    def __init__(self, value=None, **properties):
        known = "".join(f"const {name} = {json.dumps(constant)};\n" for name, constant in self.constants.items())
        super().__init__(value=value, html_template=self.markup, apply_default_css=False,
                         js_on_load=known + (FOLDER / self.script).read_text("utf-8"), **properties)

    def postprocess(self, value):
        return value

    def api_info(self) -> dict:
        return {"type": "object"}
