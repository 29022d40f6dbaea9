"""What happens without this expert, or with another k? The same text through the model as it is and as changed."""

import math
from dataclasses import replace

import gradio as gr

from app import limits, trying
from app.asking import Dials, refuse_dials
from app.components import FigurePanel, Numbers, StatusLine, TextPair, TokenStrip
from app.engine import Engine
from app.labels import Labels
from app.runs import Runs
from app.session import Session, merged
from app.tabs.long_event import Late, LongEvent
from app.tabs.what_if_dials import DialsPart
from app.tabs.what_if_effect import EffectPart
from app.tabs.what_if_regret import RegretPart
from app.tabs.wiring import HEAVY, HEAVY_SLIDING, QUIET, SLIDING, offer_csv, visible, within
from app.views import what_if as views
from app.views import what_if_effect as effect_views
from app.views import what_if_regret as regret_views
from app.views.status import refusal_line, stage_line
from app.words import say


class WhatIfTab:
    """The tab's components; `shown` are those that `show` fills from a session."""

    def __init__(self, labels: Labels, session: gr.State, engine: Engine):
        self.session, self.engine, self.runs = session, engine, Runs()
        first: Session = session.value
        self.tab = labels.make(gr.Tab, {"label": "tab.what_if"}, id="what_if")
        with self.tab:
            with gr.Column(elem_classes="sheet"):
                self._lay_out_question(labels, first)
                self.dials = DialsPart(labels, trying.usual(first), first.trace.experts)
                with gr.Row(elem_classes="examples"):
                    self.undo = labels.make(gr.Button, {"value": "what_if.undo"}, size="sm", interactive=False)
                    self.start_over = labels.make(gr.Button, {"value": "what_if.reset"}, size="sm")
                self.status = StatusLine(elem_id="what-if-status")
                self.numbers = Numbers([])
            self.panels = self._lay_out_results()
            self._lay_out_why(labels, first)
            self.effect = EffectPart(labels, session, engine, self.text)
            self.regret = RegretPart(labels, session, engine, self.text)
            self.shown = [self.numbers, self.texts, self.undo, self.strip, self.layer,
                          *self.panels.values(), *self.effect.shown, *self.regret.shown]
            self._connect()  # within: gradio counts whatever stands between tabs as a tab

    def show(self, session: Session) -> dict:
        """Everything this tab draws of a session; nothing before it is opened for the first time."""
        if not session.asking.opened:
            return {}
        return {**self._show_outcome(session), **self.effect.show(session), **self.regret.show(session)}

    def open(self, values: dict):
        """Take over the text of the first tab when it is new, then say why its last token met its experts."""
        session: Session = values[self.session]
        asking, text = session.asking, session.trace.settings.get("prompt") or session.trace.text
        if asking.opened and asking.taken == text:
            yield {self.status: gr.skip()}
            return
        asking = asking.then(None, None) if asking.outcome else asking
        session = session.but(asking=replace(
            asking, opened=True, taken=text, layer=session.layer, reason=None,
            position=max(session.trace.phase.count("prompt") - 1, 0),
            effect=asking.effect or effect_views.recorded(),
            regret=asking.regret or regret_views.recorded()))
        yield {self.session: session, self.text: text, **self._show_outcome(session), **self.effect.opened(session),
               **self.regret.opened(session)}
        session = trying.explained(self.engine, session)
        yield {self.session: session, **self._draw(session, "why")}

    def run_both(self, values: dict, request: gr.Request):
        """Refuse what cannot run, wait for the model if need be, then write both texts."""
        session = values[self.session]
        dials = self.dials.read(values, session.asking.position)
        yield from self._try(session, values[self.text], dials, request.session_hash)

    def swap(self, session: Session, request: gr.Request):
        """First choice and runner-up change places, for the selected token in this layer."""
        yield from self._try_on_token(session, {"swap": True}, request.session_hash)

    def nudge(self, session: Session, request: gr.Request):
        """The runner-up's logit gets just enough to bring it in, for the selected token in this layer."""
        reason = session.asking.reason
        change = reason and {"nudge": (reason.why.runner_up, math.ceil(100 * reason.why.nudge) / 100)}
        yield from self._try_on_token(session, change, request.session_hash)

    def _try_on_token(self, session: Session, change: dict | None, visitor: str):
        if session.asking.reason is None or session.asking.reason.why.runner_up is None:
            yield {self.status: {"kind": "problem", "text": say(session.language, "what_if.refuse.nothing")}}
            return
        dials = replace(trying.usual(session), layers=(session.asking.layer,), position=session.asking.position,
                        **change)
        text = trying.prompt_of(session)
        yield {self.text: text, **self.dials.values(dials)}
        yield from self._try(session, text, dials, visitor)

    def _try(self, session: Session, text: str, dials: Dials, visitor: str):
        refusal = limits.refuse_prompt(text, limits.MAX_COMPARED_CHARACTERS)
        if refusal is None and self.engine.stage.name != "ready":
            yield {self.status: {"kind": "busy", "text": say(session.language, "run.waiting")}}
            stage = self.engine.wait()
            yield {self.status: stage_line(stage, session.language)}
            if stage.name != "ready":
                return
        refusal = (refusal or trying.refuse_token(session, text, dials)
                   or refuse_dials(dials, trying.usual(session), *self.engine.shape)
                   or limits.refuse_tokens(self.engine.count_tokens(text), self.engine.context))
        if refusal is not None:
            yield {self.status: refusal_line(refusal, session.language)}
        else:
            yield from self._run(session, text, dials, visitor)

    def stop(self, request: gr.Request) -> None:
        """End this visitor's run after the step it is in."""
        self.runs.stop(request.session_hash)

    def take_back(self, session: Session) -> dict:
        """Go back to what was before the last run or reset."""
        session = session.but(asking=session.asking.undone())
        outcome = session.asking.outcome
        text = {} if outcome is None else {self.text: outcome.before.settings["prompt"]}
        line = {"kind": "done", "text": say(session.language, "what_if.undone")}
        return {**self._settled(session, session.asking.dials), **text, self.status: line}

    def reset(self, session: Session) -> dict:
        """All dials as the model has them; an undo brings the last outcome back."""
        asking = session.asking.then(None, None) if session.asking.outcome else session.asking
        return {**self._settled(session.but(asking=asking), None), self.status: {}}

    def select(self, session: Session, event: gr.EventData) -> dict:
        """Ask after the token that was clicked."""
        last = len(trying.subject(session).token_ids) - 1
        return self._ask(session.ask(position=within(event.position, last)))

    def change_layer(self, session: Session, layer: int) -> dict:
        """Ask in another layer."""
        return self._ask(session.ask(layer=within(layer, len(trying.subject(session).layers) - 1)))

    def _run(self, session: Session, text: str, dials: Dials, visitor: str):
        sign, traces = self.runs.begin(visitor), []
        try:
            for traces in trying.both_ways(self.engine, session, text, dials, sign):
                yield self._growing(session, text, traces)
        finally:
            self.runs.end(visitor, sign)
        if len(traces) < 2:
            line = {"kind": "done", "text": say(session.language, "what_if.stopped")}
        else:
            session = trying.concluded(self.engine, session, text, dials, traces)
            line = {"kind": "done", "text": views.done_line(session)}
        yield {self.session: session, **self._show_outcome(session), **self._busy(False), self.status: line}

    def _growing(self, session: Session, text: str, traces: list) -> dict:
        line = say(session.language, f"what_if.writing.{len(traces)}", generated=traces[-1].phase.count("generated"))
        return {self.status: {"kind": "busy", "text": line}, **self._busy(True),
                self.texts: views.growing_texts(session, text, traces, self.engine.decode)}

    def _ask(self, session: Session) -> dict:
        session = trying.explained(self.engine, session)
        return {self.session: session, self.strip: views.strip_value(session), **self._draw(session, "why")}

    def _settled(self, session: Session, dials: Dials | None) -> dict:
        """Dials and drawings of a session that went back."""
        dials, session = dials or trying.usual(session), trying.explained(self.engine, session)
        return {self.session: session, **self.dials.values(dials), **self._show_outcome(session)}

    def _show_outcome(self, session: Session) -> dict:
        asking = session.asking
        return {self.numbers: views.numbers_value(session), self.texts: views.texts_value(session, self.engine.decode),
                self.undo: gr.update(interactive=bool(asking.past)), self.strip: views.strip_value(session),
                self.layer: asking.layer, **self._draw(session, *views.PANELS)}

    def _draw(self, session: Session, *names: str) -> dict:
        return {self.panels[name]: views.panel_value(name, session) for name in names}

    def _long(self, run) -> LongEvent:
        """An event after which the reason is that of the token and the layer looked at by then."""
        def merge(late: Late, now: Session) -> Session:
            session = merged(*late, now)
            return session if now is late.before else trying.explained(self.engine, session)

        return LongEvent(self.session, run, self.show, merge)

    def _busy(self, running: bool) -> dict:
        return {self.run: visible(not running), self.halt: visible(running)}

    def _lay_out_question(self, labels: Labels, first: Session) -> None:
        with gr.Row(elem_classes="ask"):
            self.text = labels.make(
                gr.Textbox, {"label": "what_if.text", "placeholder": "prompt.placeholder"},
                value=first.trace.settings.get("prompt") or first.trace.text, lines=1, max_lines=6, container=False,
                scale=8, min_width=200, elem_id="what-if-text")
            self.run = labels.make(gr.Button, {"value": "what_if.run"}, variant="primary", scale=1, min_width=120)
            self.halt = labels.make(gr.Button, {"value": "prompt.stop"}, variant="stop", scale=1, min_width=120,
                                    visible="hidden")

    def _lay_out_results(self) -> dict[str, FigurePanel]:
        self.texts = TextPair(elem_id="what-if-texts")
        with gr.Row(elem_classes="panels even"):
            following, loss = FigurePanel(elem_id="what-if-next"), FigurePanel(elem_id="what-if-loss")
        return {"next": following, "loss": loss, "dropped": FigurePanel(elem_id="what-if-dropped")}

    def _lay_out_why(self, labels: Labels, first: Session) -> None:
        with gr.Column(elem_classes="sheet"):
            labels.make(StatusLine, {"value": lambda language: {"kind": "heading",
                                                                "text": say(language, "what_if.why.ask")}})
            self.strip = TokenStrip({"tokens": []}, elem_id="what-if-strip")
            self.layer = labels.make(
                gr.Slider, {"label": "prompt.layer", "info": "prompt.layer.info"}, minimum=0, step=1,
                maximum=max(len(first.trace.layers) - 1, 1), value=first.layer, buttons=[], elem_classes="layer")
            with gr.Row(elem_classes="examples"):
                self.swapping = labels.make(gr.Button, {"value": "what_if.why.swap"}, size="sm")
                self.nudging = labels.make(gr.Button, {"value": "what_if.why.nudge"}, size="sm")
        self.panels["why"] = FigurePanel(elem_id="what-if-why")

    def _connect(self) -> None:
        asked = {self.session, self.text, *self.dials.all}
        answered = [self.session, self.text, self.status, *self.shown, self.run, self.halt]
        self.trying = self._long(self.run_both)
        self.trying.connect([self.run.click, self.text.submit], asked, answered, **HEAVY)
        self._long(self.open).connect([self.tab.select], {self.session}, answered, **HEAVY_SLIDING)
        self.halt.click(self.stop, None, None, **QUIET)
        for button, tried in ((self.swapping, self.swap), (self.nudging, self.nudge)):
            self._long(tried).connect([button.click], self.session, [*answered, *self.dials.all], **HEAVY)
        for button, back in ((self.undo, self.take_back), (self.start_over, self.reset)):
            button.click(back, self.session, [*answered, *self.dials.all], **SLIDING)
        picked = [self.session, self.strip, self.panels["why"]]
        self.layer.input(self.change_layer, [self.session, self.layer], picked, **SLIDING)
        self.strip.token_click(self.select, self.session, picked, **SLIDING)
        offer_csv(self.panels, views.DRAWERS)
