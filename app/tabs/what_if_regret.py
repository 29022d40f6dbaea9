"""The part of the tab What if that asks whether other experts would have done better: selection by performance."""

import gradio as gr

from app import limits, trying
from app.components import FigurePanel, StatusLine
from app.engine import Engine
from app.labels import Labels
from app.runs import Runs
from app.session import Session
from app.tabs.wiring import HEAVY, QUIET, offer_csv
from app.views import what_if_regret as views
from app.views.status import refusal_line, stage_line
from app.words import say


class RegretPart:
    """Its components; `shown` are those that `show` fills from a session."""

    def __init__(self, labels: Labels, session: gr.State, engine: Engine, text: gr.Textbox):
        self.session, self.engine, self.text, self.runs = session, engine, text, Runs()
        with gr.Column(elem_classes="sheet"):
            labels.make(StatusLine, {"value": lambda language: {"kind": "heading",
                                                                "text": say(language, "what_if.regret.ask")}})
            self.source = StatusLine(elem_id="what-if-regret-source")
            self.status = StatusLine(elem_id="what-if-regret-status")
            with gr.Row(elem_classes="examples"):
                self.start = labels.make(gr.Button, {"value": "what_if.regret.measure"}, size="sm")
                self.halt = labels.make(gr.Button, {"value": "what_if.effect.cancel"}, size="sm", visible=False)
                self.recording = labels.make(gr.Button, {"value": "what_if.effect.back"}, size="sm", visible=False)
        with gr.Column(visible="hidden") as self.results:  # mounted: a late figure would miss numbers that come fast
            self.panels = {}
            with gr.Row(elem_classes="panels even"):
                for name in ("regret", "agreement"):
                    with gr.Column(min_width=320):
                        self.panels[name] = FigurePanel(elem_id=f"what-if-{name}")
            self.panels["loads"] = FigurePanel(elem_id="what-if-loads")
        self.shown = [self.source, self.recording, self.results, *self.panels.values()]
        self._connect()

    def show(self, session: Session) -> dict:
        """Where the regrets come from, and the three figures."""
        judged = session.asking.regret
        return {self.source: {"text": views.source_line(session)},
                self.recording: gr.update(visible=views.is_live(session) and views.recorded_regret() is not None),
                self.results: gr.update(visible=judged is not None or "hidden"),
                **{panel: views.panel_value(name, session) for name, panel in self.panels.items()}}

    def show_recording(self, session: Session) -> dict:
        """The shipped regrets in place of the visitor's own."""
        session = session.ask(regret=views.recorded_regret() or session.asking.regret)
        return {self.session: session, **self.show(session)}

    def measure(self, session: Session, text: str, request: gr.Request):
        """Refuse what cannot be read, wait for the model if need be, then try all sets layer by layer."""
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
        """End this visitor's measurement after the layer it is in."""
        self.runs.stop(request.session_hash)

    def _measure(self, session: Session, text: str, visitor: str):
        sign, counts = self.runs.begin(visitor), {"done": 0, "total": self.engine.shape[0]}
        try:
            yield {**self._busy(True), self.status: self._line(session, "measuring", counts)}
            for judged in trying.judged(self.engine, text, sign):
                session, counts["done"] = session.ask(regret=judged), counts["done"] + 1
                yield {self.session: session, **self.show(session),
                       self.status: self._line(session, "measuring", counts)}
                if sign.is_set():
                    break
        finally:
            self.runs.end(visitor, sign)
        key = "done" if counts["done"] == counts["total"] else "cancelled" if sign.is_set() else "deadline"
        yield {self.session: session, **self._busy(False), self.status: self._line(session, key, counts)}

    def _line(self, session: Session, key: str, counts: dict) -> dict:
        text = say(session.language, f"what_if.regret.{key}", seconds=int(limits.SECONDS_PER_RUN), **counts)
        return {"kind": "busy" if key == "measuring" else "done", "text": text}

    def _busy(self, running: bool) -> dict:
        return {self.start: gr.update(visible=not running), self.halt: gr.update(visible=running)}

    def _connect(self) -> None:
        answered = [self.session, self.status, *self.shown]
        self.start.click(self.measure, [self.session, self.text], [*answered, self.start, self.halt], **HEAVY)
        self.halt.click(self.cancel, None, None, **QUIET)
        self.recording.click(self.show_recording, self.session, answered, **QUIET)
        offer_csv(self.panels, views.DRAWERS, self.session)
