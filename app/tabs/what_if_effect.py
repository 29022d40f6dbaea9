"""The part of the tab What if that asks what breaks without each expert: recorded, or live on the visitor's text."""

import gradio as gr

from app import limits, trying
from app.asking import ALL, CHOSEN
from app.components import FigurePanel, StatusLine
from app.engine import Engine
from app.labels import Labels
from app.runs import Runs
from app.session import Session
from app.tabs.wiring import HEAVY, QUIET, offer_csv
from app.views import what_if_effect as views
from app.views.status import refusal_line, stage_line
from app.words import say


class EffectPart:
    """Its components; `shown` are those that `show` fills from a session."""

    def __init__(self, labels: Labels, session: gr.State, engine: Engine, text: gr.Textbox):
        self.session, self.engine, self.text, self.runs = session, engine, text, Runs()
        with gr.Column(elem_classes="sheet"):
            labels.make(StatusLine, {"value": lambda language: {"kind": "heading",
                                                                "text": say(language, "what_if.effect.ask")}})
            self.source = StatusLine(elem_id="what-if-effect-source")
            self._lay_out_choices(labels)
        with gr.Column(visible="hidden") as self.results:  # mounted: a late figure would miss numbers that come fast
            self.panels = {name: FigurePanel(elem_id=f"what-if-{name}") for name in views.DRAWERS}
        self.shown = [self.source, self.recording, self.results, *self.panels.values()]
        self._connect()

    def show(self, session: Session) -> dict:
        """Where the effects come from, and both figures."""
        effect = session.asking.effect
        return {self.source: {"text": views.source_line(session)},
                self.recording: gr.update(visible=views.is_live(session) and views.recorded_effect() is not None),
                self.results: gr.update(visible=effect is not None or "hidden"),
                **{panel: views.panel_value(name, session) for name, panel in self.panels.items()}}

    def change_scope(self, session: Session, scope: str) -> dict:
        """Average over all tokens, or over those that chose the expert."""
        session = session.ask(scope=scope if scope in (ALL, CHOSEN) else ALL)
        return {self.session: session, **self.show(session)}

    def show_recording(self, session: Session) -> dict:
        """The shipped effects in place of the visitor's own."""
        recorded = views.recorded_effect() or session.asking.effect
        session = session.ask(effect=recorded)
        return {self.session: session, **self.show(session)}

    def measure(self, session: Session, text: str, request: gr.Request):
        """Refuse what cannot be read, wait for the model if need be, then measure layer by layer."""
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
        """End this visitor's measurement after the expert it is at."""
        self.runs.stop(request.session_hash)

    def _measure(self, session: Session, text: str, visitor: str):
        layers, experts = self.engine.shape
        sign, counts = self.runs.begin(visitor), {"done": 0, "total": layers * experts}
        try:
            yield {**self._busy(True), self.status: self._line(session, "measuring", counts)}
            for found in trying.measured(self.engine, text, sign):
                session = session.ask(effect=found)
                counts["done"] = len(found.table) // 2  # two scopes
                yield {self.session: session, **self.show(session),
                       self.status: self._line(session, "measuring", counts)}
        finally:
            self.runs.end(visitor, sign)
        key = ("done" if counts["done"] == counts["total"] else "cancelled" if sign.is_set() else "deadline")
        yield {self.session: session, **self._busy(False), self.status: self._line(session, key, counts)}

    def _line(self, session: Session, key: str, counts: dict) -> dict:
        text = say(session.language, f"what_if.effect.{key}", seconds=int(limits.SECONDS_PER_RUN), **counts)
        return {"kind": "busy" if key == "measuring" else "done", "text": text}

    def _busy(self, running: bool) -> dict:
        return {self.start: gr.update(visible=not running), self.halt: gr.update(visible=running)}

    def _lay_out_choices(self, labels: Labels) -> None:
        with gr.Row(elem_classes="choices"):
            self.scope = labels.make(
                gr.Radio, {"label": "what_if.scope", "choices": {ALL: "what_if.scope.all",
                                                                 CHOSEN: "what_if.scope.chosen"}},
                value=ALL, elem_classes="pills", elem_id="what-if-scope")
        self.status = StatusLine(elem_id="what-if-effect-status")
        with gr.Row(elem_classes="examples"):
            self.start = labels.make(gr.Button, {"value": "what_if.effect.measure"}, size="sm")
            self.halt = labels.make(gr.Button, {"value": "what_if.effect.cancel"}, size="sm", visible=False)
            self.recording = labels.make(gr.Button, {"value": "what_if.effect.back"}, size="sm", visible=False)

    def _connect(self) -> None:
        answered = [self.session, self.status, *self.shown]
        self.start.click(self.measure, [self.session, self.text], [*answered, self.start, self.halt], **HEAVY)
        self.halt.click(self.cancel, None, None, **QUIET)
        self.scope.input(self.change_scope, [self.session, self.scope], answered, **QUIET)
        self.recording.click(self.show_recording, self.session, answered, **QUIET)
        offer_csv(self.panels, views.DRAWERS, self.session)
