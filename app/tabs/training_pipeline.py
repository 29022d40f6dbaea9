"""From raw texts to a model in use, step by step: what each step did with the model that ships."""

from functools import partial

import gradio as gr

from app.components import FactTable, FigurePanel, Numbers, Pipeline, StatusLine
from app.labels import Labels
from app.session import Session
from app.tabs.wiring import SLIDING, within
from app.views import training_pipeline as views
from app.views.panel import csv_file
from app.words import say


class PipelinePart:
    """Five boxes; a click on one shows what its step did."""

    room = "pipeline"

    def __init__(self, labels: Labels, session: gr.State):
        self.session = session
        labels.make(StatusLine, {"value": lambda language: {"text": say(language, "pipeline.intro")}})
        self.boxes = Pipeline(elem_id="pipeline-boxes")
        with gr.Column(elem_classes="sheet"):
            self.line = StatusLine(elem_id="pipeline-line")
            self.numbers = Numbers([], elem_id="pipeline-numbers")
        self.figure = FigurePanel(elem_id="pipeline-figure")
        self.table = FactTable(elem_id="pipeline-table")
        self.below = {"line": self.line, "numbers": self.numbers, "table": self.table, "figure": self.figure}
        self.shown = [self.boxes, *self.below.values()]
        self._connect()

    def show(self, session: Session) -> dict:
        """The boxes and the chosen step in the visitor's language."""
        return {self.boxes: views.boxes_value(session),
                **{self.below[name]: value for name, value in views.detail(session).items()}}

    def blank(self) -> dict:
        """Nothing at all, so that whatever comes next is a change."""
        return {component: [] if component is self.numbers else {} for component in self.shown}

    def choose(self, session: Session, event: gr.EventData) -> dict:
        """Look at another step."""
        session = session.train(box=views.STEPS[within(event.step, len(views.STEPS) - 1)])
        return {self.session: session, **self.show(session)}

    def _connect(self) -> None:
        self.boxes.step_click(self.choose, self.session, [self.session, *self.shown], **SLIDING)
        self.table.hands_out = partial(csv_file, "pipeline-table", views.table)
        self.figure.hands_out = _figure_file


def _figure_file(session: Session) -> dict:
    name = "losses" if session.training.box == "training" else "domains"
    return csv_file(f"pipeline-{name}", views.DRAWERS[name], session)
