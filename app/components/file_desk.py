"""Hands out the file behind any panel of a page: one event for all, since gradio goes through every event of a page for
each of its components before it shows any.
"""

from collections.abc import Iterator

import gradio as gr
from gradio.blocks import BlockContext

from app.components.widget import Widget


class FileDesk(Widget):
    """Event `file_wanted` carries `panel`, an element id; `download` brings it ({"name", "text", "serial"})."""

    markup = ""
    script = "file_desk.js"

    def __init__(self, **properties):
        super().__init__(**{"download": None, **properties})
        self.panels: dict[str, Widget] = {}

    def serve(self, block: BlockContext) -> None:
        """Hand out for every panel in this block that has a file."""
        self.panels = {panel.elem_id: panel for panel in _widgets(block) if panel.hands_out is not None}

    def answer(self, session, event: gr.EventData) -> dict:
        """The file of the panel that was asked; nothing where there is none yet."""
        panel = self.panels.get(event.panel)
        file = panel and panel.hands_out(session)
        return gr.update(download=file) if file else gr.skip()


def _widgets(block: BlockContext) -> Iterator[Widget]:
    for child in block.children:
        if isinstance(child, Widget):
            yield child
        elif isinstance(child, BlockContext):
            yield from _widgets(child)
