"""A small mixture trained live on the page, beside its dense twin, with every dial by which experts come to differ."""

from functools import partial

import gradio as gr

from app.components import FigurePanel
from app.labels import Labels
from app.session import Session
from app.tabs.training_text import TextRunPart
from app.tabs.wiring import QUIET, SHARED, either
from app.training_state import LAB
from app.views import training_lab
from app.views.panel import csv_file
from app.words import say
from moe_core.lab.dials import FUSIONS, PRECISIONS, SELECTIONS, SHARINGS, LabDials

SOURCES = ("stories", "poems", "own")
SLIDERS = {  # dial: lowest, highest, step
    "experts": (2, 16, 1), "k": (1, 8, 1), "balance": (0, 0.1, 0.005), "z": (0, 0.01, 0.0005),
    "capacity": (0, 3, 0.25), "noise": (0, 3, 0.25), "steps": (50, 1000, 50),
}
CHOICES = {"selection": SELECTIONS, "sharing": SHARINGS, "fusion": FUSIONS, "precision": PRECISIONS}
WHOLE = ("experts", "k", "seed", "steps")
USUAL = LabDials()


class LabPart(TextRunPart):
    """Experts that form or collapse while one watches."""

    kind, room, views = LAB, "lab", training_lab

    def __init__(self, labels: Labels, session: gr.State, foreman):
        super().__init__(labels, session, foreman)
        self.shown.append(self.comparison)

    def job(self, session: Session, values: dict) -> dict:
        """The dials as numbers; refused before anything starts when one is out of range."""
        turned = {name: values[dial] for name, dial in self.dials.items() if name != "source"}
        turned = {name: _number(value, name in WHOLE) for name, value in turned.items()}
        LabDials(**turned)
        return {"kind": LAB, "source": values[self.dials["source"]] if values[self.dials["source"]] in SOURCES
                else SOURCES[0], "own": self.own_text(session, values), "dials": turned}

    def show(self, session: Session) -> dict:
        """The run, and those that are kept."""
        bench = self.foreman.bench(session.training.key)
        return {**super().show(session), self.comparison: training_lab.compared_value(session, bench)}

    def blank(self) -> dict:
        return {**super().blank(), self.comparison: {}}

    def keep(self, session: Session) -> dict:
        """Put the latest run beside the others."""
        kept = self.foreman.keep(session.training.key)
        bench = self.foreman.bench(session.training.key)
        line = {"kind": "done" if kept else "quiet",
                "text": say(session.language, "training.kept" if kept else "training.kept.not", n=len(bench.kept))}
        return {self.status: line, self.comparison: training_lab.compared_value(session, bench)}

    def lesson(self, name: str) -> list:
        """The dials of one of the ready-made lessons."""
        turned = {**LabDials().as_json(), **LESSONS[name]}
        return [turned[dial] for dial in self.dials if dial != "source"]

    def _lay_out_dials(self, labels: Labels) -> dict:
        with gr.Row(elem_classes="examples"):
            self.lessons = {name: labels.make(gr.Button, {"value": f"training.lesson.{name}"}, size="sm",
                                              elem_id=f"training-lesson-{name}") for name in LESSONS}
        dials = {"source": labels.make(gr.Radio, {"label": "training.source", "choices": {
            name: f"training.source.{name}" for name in SOURCES}}, value="stories", elem_classes="pills",
            elem_id="training-source")}
        with gr.Row():
            for name in SLIDERS:
                with gr.Column(min_width=200):
                    dials[name] = self._slider(labels, name)
            with gr.Column(min_width=200):
                dials["learning_rate"] = labels.make(
                    gr.Number, {"label": "training.dial.learning_rate", "info": "training.dial.learning_rate.info"},
                    value=USUAL.learning_rate, elem_id="training-lab-rate")
            with gr.Column(min_width=200):
                dials["seed"] = labels.make(gr.Number, {"label": "training.dial.seed", "info": "training.seed.info"},
                                            value=0, precision=0, minimum=0, maximum=2**32 - 1)
        with labels.make(gr.Accordion, {"label": "training.strategies"}, open=False):
            for name, choices in CHOICES.items():
                dials[name] = labels.make(
                    gr.Radio, {"label": f"training.dial.{name}", "info": f"training.dial.{name}.info",
                               "choices": {choice: f"training.{name}.{choice}" for choice in choices}},
                    value=getattr(USUAL, name), elem_classes="pills", elem_id=f"training-{name}")
        return dials

    def _slider(self, labels: Labels, name: str) -> gr.Slider:
        low, high, step = SLIDERS[name]
        return labels.make(gr.Slider, {"label": f"training.dial.{name}", "info": f"training.dial.{name}.info"},
                           minimum=low, maximum=high, step=step, value=getattr(USUAL, name), buttons=[],
                           elem_id=f"training-lab-{name}")

    def _lay_out_buttons(self, labels: Labels) -> None:
        super()._lay_out_buttons(labels)
        with gr.Row(elem_classes="examples"):
            self.keeper = labels.make(gr.Button, {"value": "training.keep"}, size="sm", elem_id="training-lab-keep")

    def _lay_out_panels(self) -> dict[str, FigurePanel]:
        panels = {}
        with gr.Row(elem_classes="panels"):
            with gr.Column(min_width=320):
                panels["losses"] = FigurePanel(elem_id="training-lab-losses")
                panels["violation"] = FigurePanel(elem_id="training-lab-violation")
            panels["load"] = FigurePanel(elem_id="training-lab-load", elem_classes="wide")
        self.comparison = FigurePanel(elem_id="training-lab-compared")
        return panels

    def _connect(self) -> None:
        super()._connect()
        self.keeper.click(self.keep, self.session, [self.status, self.comparison], **QUIET)
        self.comparison.hands_out = self._compared
        turned = [dial for name, dial in self.dials.items() if name != "source"]
        lessons = {button: name for name, button in self.lessons.items()}
        gr.on([button.click for button in lessons], either(lessons, self.lesson), None, turned, **SHARED)

    def _compared(self, session: Session) -> dict | None:
        bench = self.foreman.bench(session.training.key)
        draw = partial(training_lab.compared, bench)
        return csv_file("training-lab-compared", draw, session) if bench.kept else None


QUICK = 0.03  # a learning rate at which routers make up their minds early
LESSONS = {"usual": {}, "collapse": {"balance": 0.0, "z": 0.0, "learning_rate": QUICK},
           "rescue": {"balance": 0.02, "learning_rate": QUICK},
           "loss_free": {"selection": "loss_free", "balance": 0.0, "learning_rate": QUICK},
           "crowded": {"capacity": 1.0}, "diverge": {"learning_rate": 30.0}}


def _number(value, whole: bool):
    """What a browser sent as the number a dial takes; anything else goes on as it is, to be refused by name."""
    if isinstance(value, str) or value is None:
        return value if value is not None else float("nan")
    return int(value) if whole and float(value).is_integer() else value
