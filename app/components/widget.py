"""A piece of page drawn in the browser from a JSON value.

The markup never changes and never holds a visitor's text: gradio runs templates as code, so the
script beside each class puts every string in place as plain text.
"""

from pathlib import Path

import gradio as gr

FOLDER = Path(__file__).parent


class Widget(gr.HTML):
    """Static markup, a script, and a JSON value that the script watches."""

    markup = ""  # the only HTML, without any placeholder
    script = ""  # name of the JavaScript file in this folder

    def __init__(self, value=None, **properties):
        super().__init__(value=value, html_template=self.markup, js_on_load=(FOLDER / self.script).read_text("utf-8"),
                         apply_default_css=False, **properties)

    def postprocess(self, value):
        return value

    def api_info(self) -> dict:
        return {"type": "object"}
