"""What all kinds of run share on the page: dials, buttons, how it goes, what it writes."""

import secrets
from dataclasses import replace
from functools import partial

import gradio as gr

from app.components import Numbers, StatusLine, TextPair
from app.labels import Labels
from app.session import Session
from app.tabs.wiring import QUIET, SHARED, either
from app.training_runs import Foreman, TooMany
from app.training_state import TrainingRun
from app.views import training as views
from app.views.panel import csv_file
from app.words import say
from moe_core.lab.errors import LabError

BUTTONS = ("run", "pause", "resume", "stop")


class RunPart:
    """One kind of run; subclasses lay out their dials and panels and say what a job is."""

    kind = ""  # of the job
    room = ""  # prefix of its words and element ids

    def __init__(self, labels: Labels, session: gr.State, foreman: Foreman):
        self.session, self.foreman = session, foreman
        with gr.Column(elem_classes="sheet"):
            labels.make(StatusLine, {"value": lambda language: {"text": say(language, f"training.{self.room}.intro")}})
            self.brought = self._lay_out_brought(labels)
            self.dials = self._lay_out_dials(labels)
            self._lay_out_buttons(labels)
            self.status = StatusLine(elem_id=f"training-{self.room}-status")
            self.numbers = Numbers([])
        self.panels = self._lay_out_panels()
        self.samples = TextPair(elem_id=f"training-{self.room}-samples")
        self.buttons = [self.run, self.pause, self.resume, self.halt]
        self.shown = [self.status, self.numbers, self.samples, *self.panels.values(), *self.buttons]
        self._connect()

    def job(self, session: Session, values: dict) -> dict:
        """What the dials ask for; LabError when they cannot."""
        raise NotImplementedError

    def show(self, session: Session) -> dict:
        """How this visitor's run goes, and everything it has told."""
        run = self.latest(session)
        place = self.foreman.place(run) if run else 0
        return {self.status: views.status_line(run, place, session.language),
                self.numbers: self.views.numbers_value(session, run),
                self.samples: views.samples_value(run, self.room, session.language),
                **{self.panels[name]: value for name, value in self.views.panels_value(session, run).items()},
                **self._buttons(run, session.language)}

    def opened(self, session: Session) -> dict:
        """The same when the tab is opened. Where nothing has run, nothing is told to be seen or not, for it is laid out
        like that: gradio would set other components back to what they held before.
        """
        if self.latest(session) is not None:
            return self.show(session)
        words = {button: gr.update(value=say(session.language, f"training.{name}"))
                 for name, button in zip(BUTTONS, self.buttons, strict=True)}
        return self.show(session) | words

    def blank(self) -> dict:
        """Nothing at all, so that whatever comes next is a change."""
        return {self.status: {}, self.numbers: [], self.samples: None, **{panel: {} for panel in self.panels.values()},
                **{button: gr.update(value=" ") for button in self.buttons}}

    def latest(self, session: Session) -> TrainingRun | None:
        """This visitor's latest run of this kind."""
        return self.foreman.bench(session.training.key).runs.get(self.kind)

    def start(self, values: dict) -> dict:
        """Refuse what cannot run, else put the run into the queue."""
        session: Session = values[self.session]
        training = replace(session.training, opened=True, key=session.training.key or secrets.token_hex(16))
        session = session.but(training=training)
        self.foreman.bench(training.key).language = session.language
        try:
            self.foreman.submit(training.key, self.job(session, values))
        except LabError as error:
            return {self.session: session, self.status: self._problem(
                views.refusal_text(error.reason, error.values, session.language))}
        except TooMany:
            return {self.session: session, self.status: self._problem(say(session.language, "training.refuse.queue"))}
        return {self.session: session, **self.show(session)}

    def order(self, session: Session, order: str) -> dict:
        """Pause, resume or stop the visitor's run."""
        getattr(self.foreman, order)(session.training.key)
        return self.show(session)

    def started(self):
        """The event after which the run is to be followed."""
        asked = {self.session, *self.brought, *self.dials.values()}
        return self.run.click(self.start, asked, [self.session, *self.shown], **QUIET)

    def _problem(self, text: str) -> dict:
        return {"kind": "problem", "text": text}

    def _buttons(self, run: TrainingRun | None, language: str) -> dict:
        """Their words go along: an update that comes while the tab is opening would lose them."""
        state = run.state if run else "ended"
        seen = (state == "ended", state == "running", state == "paused", state != "ended")
        return {button: gr.update(value=say(language, f"training.{name}"), visible=yes or "hidden")
                for name, button, yes in zip(BUTTONS, self.buttons, seen, strict=True)}

    def _lay_out_brought(self, labels: Labels) -> list:
        """The components by which a visitor brings something to learn; by default nothing can be brought."""
        return []

    def _lay_out_buttons(self, labels: Labels) -> None:
        def button(name: str, **properties) -> gr.Button:
            return labels.make(gr.Button, {"value": f"training.{name}"}, elem_id=f"training-{self.room}-{name}",
                               scale=0, min_width=140, **properties)

        with gr.Row(elem_classes="ask"):
            self.run = button("run", variant="primary")
            self.pause, self.resume = button("pause", visible="hidden"), button("resume", visible="hidden")
            self.halt = button("stop", variant="stop", visible="hidden")

    def _connect(self) -> None:
        orders = {self.pause: "pause", self.resume: "resume", self.halt: "stop"}
        gr.on([button.click for button in orders], either(orders, self.order), self.session, self.shown, **SHARED)
        for name, panel in self.panels.items():
            panel.hands_out = partial(self._file, name)

    def _file(self, name: str, session: Session) -> dict | None:
        run = self.latest(session)
        if run is None or not run.told("step"):
            return None
        return csv_file(f"training-{self.room}-{name}", self.views.drawer(name, run), session)
