"""What the two measuring parts of the tab What if have in common: refuse, wait, measure step by step, stop."""

import gradio as gr

from app import limits
from app.components import FigurePanel, StatusLine
from app.engine import Engine
from app.labels import Labels
from app.runs import Runs
from app.session import Session
from app.tabs.long_event import LongEvent
from app.tabs.wiring import HEAVY, QUIET, offer_csv, visible
from app.views.status import refusal_line, stage_line
from app.words import say


class MeasuredPart:
    """Its components; `shown` are those that `show` fills from a session.

    A subclass names its measurement, the views that draw it, and says how to take one more step.
    """

    name: str        # of the measurement: its words, its element ids and its field in session.asking
    views = None     # module: DRAWERS, panel_value, source_line, is_live, recorded

    def __init__(self, labels: Labels, session: gr.State, engine: Engine, text: gr.Textbox):
        self.session, self.engine, self.text, self.runs = session, engine, text, Runs()
        with gr.Column(elem_classes="sheet"):
            heading = {"value": lambda language: {"kind": "heading", "text": say(language, f"what_if.{self.name}.ask")}}
            labels.make(StatusLine, heading)
            self.source = StatusLine(elem_id=f"what-if-{self.name}-source")
            self.lay_out_choices(labels)
            self.status = StatusLine(elem_id=f"what-if-{self.name}-status")
            with gr.Row(elem_classes="examples"):
                self.start = labels.make(gr.Button, {"value": f"what_if.{self.name}.measure"}, size="sm")
                self.halt = labels.make(gr.Button, {"value": "what_if.effect.cancel"}, size="sm", visible="hidden")
                self.recording = labels.make(gr.Button, {"value": "what_if.effect.back"}, size="sm", visible="hidden")
        self.panels = self.lay_out_panels()
        self.shown = [self.source, self.recording, *self.panels.values()]
        self._connect()

    def lay_out_choices(self, labels: Labels) -> None:
        """The dials of this measurement, if it has any."""

    def lay_out_panels(self) -> dict[str, FigurePanel]:
        """One panel a figure, one below the other."""
        return {name: self.panel(name) for name in self.views.DRAWERS}

    def panel(self, name: str) -> FigurePanel:
        return FigurePanel(elem_id=f"what-if-{name}")

    def steps(self, session: Session, text: str, sign):
        """(session with what is measured so far, how much is done), step by step."""
        raise NotImplementedError

    def total(self) -> int:
        """How much there is to do."""
        raise NotImplementedError

    def show(self, session: Session) -> dict:
        """Where the numbers come from, and the figures."""
        return {self.recording: visible(self._may_go_back(session)), **self._numbers(session)}

    def opened(self, session: Session) -> dict:
        """The same when the tab is opened. Nothing is told to be seen or not, for it is laid out like that: gradio
        would set other components back to what they held before.
        """
        return self._numbers(session)

    def show_recording(self, session: Session) -> dict:
        """The shipped numbers in place of the visitor's own."""
        session = session.ask(**{self.name: self.views.recorded() or getattr(session.asking, self.name)})
        return {self.session: session, **self.show(session)}

    def measure(self, session: Session, text: str, request: gr.Request):
        """Refuse what cannot be read, wait for the model if need be, then measure step by step."""
        refusal = limits.refuse_prompt(text, limits.MAX_COMPARED_CHARACTERS)
        if refusal is None and self.engine.stage.name != "ready":
            yield {self.status: {"kind": "busy", "text": say(session.language, "run.waiting")}}
            stage = self.engine.wait()
            if stage.name != "ready":
                yield {self.status: stage_line(stage, session.language)}
                return
        refusal = refusal or limits.refuse_tokens(self.engine.count_tokens(text), self.engine.context)
        if refusal is not None:
            yield {self.status: refusal_line(refusal, session.language)}
        else:
            yield from self._measure(session, text, request.session_hash)

    def cancel(self, request: gr.Request) -> None:
        """End this visitor's measurement after the step it is in."""
        self.runs.stop(request.session_hash)

    def _measure(self, session: Session, text: str, visitor: str):
        sign, counts = self.runs.begin(visitor), {"done": 0, "total": self.total()}
        try:
            # Buttons change before the first number, not with it: gradio sets what is beside them back to what it was.
            yield {**self._busy(True), self.status: self._line(session, "measuring", counts)}
            for now, done in self.steps(session, text, sign):
                session, counts["done"] = now, done
                yield {self.session: session, **self._numbers(session),
                       self.status: self._line(session, "measuring", counts)}
        finally:
            self.runs.end(visitor, sign)
        key = "done" if counts["done"] == counts["total"] else "cancelled" if sign.is_set() else "deadline"
        yield {**self._busy(False), self.recording: visible(self._may_go_back(session)),
               self.status: self._line(session, key, counts)}

    def _numbers(self, session: Session) -> dict:
        return {self.source: {"text": self.views.source_line(session)},
                **{panel: self.views.panel_value(name, session) for name, panel in self.panels.items()}}

    def _may_go_back(self, session: Session) -> bool:
        return self.views.is_live(session) and self.views.recorded() is not None

    def _line(self, session: Session, key: str, counts: dict) -> dict:
        text = say(session.language, f"what_if.{self.name}.{key}", seconds=int(limits.SECONDS_PER_RUN), **counts)
        return {"kind": "busy" if key == "measuring" else "done", "text": text}

    def _busy(self, running: bool) -> dict:
        return {self.start: visible(not running), self.halt: visible(running)}

    def _connect(self) -> None:
        self.answered = [self.session, self.status, *self.shown]
        self.measuring = LongEvent(self.session, self.measure, self.show)
        measured = self.measuring.connect([self.start.click], [self.session, self.text],
                                          [*self.answered, self.start, self.halt], **HEAVY)
        # Once more when all is quiet: on a slow machine the tab may still be opening, and draw over what came fast.
        measured.then(self._numbers, self.session, [self.source, *self.panels.values()], **QUIET)
        self.halt.click(self.cancel, None, None, **QUIET)
        self.recording.click(self.show_recording, self.session, self.answered, **QUIET)
        offer_csv(self.panels, self.views.DRAWERS)
