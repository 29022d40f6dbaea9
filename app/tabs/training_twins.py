"""The shipped mixture beside its dense twins: losses, costs, and the same prompt written on by each."""

from dataclasses import replace
from functools import partial

import gradio as gr

from app import limits
from app.companions import Companions
from app.components import FactTable, FigurePanel, StatusLine, TextPair
from app.engine import NotReady
from app.labels import Labels
from app.session import Session
from app.tabs.long_event import LongEvent
from app.tabs.wiring import HEAVY, within
from app.views import training_twins as views
from app.views.panel import csv_file
from app.views.status import refusal_line
from app.words import say

HOTTEST = 1.5
LARGEST_SEED = 2**32 - 1


class TwinsPart:
    """Recorded losses, counted costs; the prompt is written on when the visitor asks."""

    room = "twins"

    def __init__(self, labels: Labels, session: gr.State, companions: Companions):
        self.session, self.companions = session, companions
        with gr.Column(elem_classes="sheet"):
            labels.make(StatusLine, {"value": lambda language: {"text": say(language, "twins.intro")}})
            self.line = StatusLine(elem_id="twins-line")
            self._lay_out_question(labels)
            self.status = StatusLine(elem_id="twins-status")
        self.texts = TextPair(elem_id="twins-texts")
        self.costs = FactTable(elem_id="twins-costs")
        self.figure = FigurePanel(elem_id="twins-differences")
        self.losses = FactTable(elem_id="twins-losses")
        self.shown = [self.line, self.run, self.costs, self.figure, self.losses, self.texts]
        self._connect()

    def show(self, session: Session) -> dict:
        """Everything in the visitor's language; the button only where there is a twin to compare with."""
        asked, able = session.training.asked, bool(self.companions.names())
        return {self.line: views.line(session), self.costs: views.costs_value(session),
                self.figure: views.figure_value(session), self.losses: views.losses_value(session),
                self.texts: views.texts_value(session, *asked) if asked else None,
                self.run: gr.update(value=say(session.language, "twins.run"), interactive=able)}

    def blank(self) -> dict:
        """Nothing at all, so that whatever comes next is a change."""
        return {self.line: {}, self.costs: {}, self.figure: {}, self.losses: {}, self.texts: None,
                self.run: gr.update(value=" ")}

    def write(self, session: Session, prompt: str, seed, temperature):
        """Refuse what cannot be read, then let everybody write on, a token each in turn."""
        refusal = limits.refuse_prompt(prompt)
        if refusal is not None or not self.companions.names():
            line = refusal_line(refusal, session.language) if refusal else views.line(session)
            yield {self.status: line}
            return
        asked = (prompt, within(seed, LARGEST_SEED), min(max(float(temperature or 0), 0.0), HOTTEST))
        yield {self.status: {"kind": "busy", "text": say(session.language, "twins.writing")}}
        try:
            for done in self.companions.continued(*asked):
                session = session.but(training=replace(session.training, twins=tuple(done.items()), asked=asked))
                yield {self.session: session, self.texts: views.texts_value(session, *asked),
                       self.costs: views.costs_value(session)}
        except (NotReady, ValueError) as error:  # damaged files, or a prompt that leaves no room
            yield {self.status: {"kind": "problem", "text": say(session.language, "twins.failed", error=error)}}
            return
        yield {self.status: {}}

    def _lay_out_question(self, labels: Labels) -> None:
        with gr.Row(elem_classes="ask"):
            self.prompt = labels.make(gr.Textbox, {"label": "twins.prompt", "placeholder": "prompt.placeholder"},
                                      value="我喜欢学习AI", lines=1, max_lines=6, scale=8, min_width=200,
                                      container=False, elem_id="twins-prompt")
            self.run = labels.make(gr.Button, {"value": "twins.run"}, variant="primary", scale=1, min_width=140,
                                   interactive=False, elem_id="twins-run")
        with gr.Row():
            with gr.Column(min_width=160):
                self.seed = labels.make(gr.Number, {"label": "training.dial.seed"}, value=0, precision=0, minimum=0,
                                        maximum=LARGEST_SEED)
            with gr.Column(min_width=240):
                self.temperature = labels.make(
                    gr.Slider, {"label": "prompt.temperature", "info": "prompt.temperature.info"}, minimum=0,
                    maximum=HOTTEST, step=0.1, value=0.8, buttons=[])

    def _connect(self) -> None:
        asked = [self.session, self.prompt, self.seed, self.temperature]
        self.writing = LongEvent(self.session, self.write, self.show)
        self.writing.connect([self.run.click, self.prompt.submit], asked,
                             [self.session, self.status, self.texts, self.costs], **HEAVY)
        for panel, name, draw in ((self.costs, "costs", views.costs), (self.losses, "losses", views.losses),
                                  (self.figure, "differences", views.differences)):
            panel.hands_out = partial(csv_file, f"twins-{name}", draw)
