"""The recorded table of strategies on the page: what each way of selection, sharing and fusion costs and brings."""

from functools import partial

import gradio as gr

from app.components import FactTable, FigurePanel
from app.session import Session
from app.views import training_table
from app.views.panel import csv_file


class TablePart:
    """Recorded numbers; training_again.py measures them anew."""

    room = "table"

    def __init__(self):
        with gr.Row(elem_classes="panels"):
            self.figure = FigurePanel(elem_id="training-table-loss")
            self.facts = FactTable(elem_id="training-table-facts")
        self.shown = [self.figure, self.facts]
        for panel in self.shown:
            panel.hands_out = partial(csv_file, "strategies", training_table.strategies)

    def show(self, session: Session) -> dict:
        """The table in the visitor's language."""
        return {self.figure: training_table.figure_value(session), self.facts: training_table.facts_value(session)}

    def blank(self) -> dict:
        """Nothing at all, so that whatever comes next is a change."""
        return {component: {} for component in self.shown}
