"""What changes when numbers get shorter? The same tokens through fp32 and a shorter format."""

import gradio as gr

from app import limits
from app.components import FigurePanel, Numbers, StatusLine, TokenStrip
from app.engine import Engine
from app.labels import Labels
from app.measuring import Laboratory
from app.session import Session, merged
from app.tabs.long_event import Late, LongEvent
from app.tabs.precision_dials import CliffPart, CostPart, FormatsPart, TwinsPart
from app.tabs.precision_section import SectionPart
from app.tabs.wiring import HEAVY_SLIDING, SHARED, SLIDING, either, offer_csv, within
from app.views import precision as views
from app.views import precision_sections as section_views
from app.views.status import refusal_line, stage_line
from app.words import say
from moe_core.precision.formats import ROUTERS, engines_of
from moe_core.precision.report import SHORTER

FOLDS = {"tokens": ("kl", "difference"), "why": ("scatter", "map")}  # drawn from the comparison itself
SECTIONS = {"growth": None, "router": None, "twins": TwinsPart, "untrained": None, "cliff": CliffPart, "ranges": None,
            "ties": None, "cost": CostPart}                          # None: one without dials


class PrecisionTab:
    """The tab's components; `shown` are those that `show` fills from a session."""

    def __init__(self, labels: Labels, session: gr.State, engine: Engine):
        self.session, self.engine, self.laboratory = session, engine, Laboratory(engine)
        first: Session = session.value
        self.tab = labels.make(gr.Tab, {"label": "tab.precision"}, id="precision")
        with self.tab:
            with gr.Column(elem_classes="sheet"):
                self._lay_out_question(labels, first)
                self.status = StatusLine(elem_id="compare-status")
                self.numbers = Numbers([], elem_id="compare-numbers")
            with gr.Column(elem_classes="sheet"):
                self.strip = TokenStrip(views.strip_value(first), elem_id="compared")
                self.detail = StatusLine(elem_id="compare-detail")
                self.layer = labels.make(
                    gr.Slider, {"label": "prompt.layer", "info": "prompt.layer.info"}, minimum=0, step=1,
                    maximum=max(len(first.trace.layers) - 1, 1), value=first.compared_layer, buttons=[],
                    elem_classes="layer")
            self.formats = FormatsPart(labels, session, self.laboratory, "formats",
                                       {"formats": section_views.formats}, folded=False)
            self.panels = {"flips": FigurePanel(elem_id="compare-flips")}
            self._lay_out_folds(labels)
            self.sections = self._lay_out_sections(labels)
            self.parts = [self.formats, *self.sections]
            self.shown = [self.strip, self.detail, self.layer, self.numbers, *self.panels.values(),
                          *(component for part in self.parts for component in part.shown)]
            self._connect()  # within: gradio counts whatever stands between tabs as a tab

    def show(self, session: Session) -> dict:
        """Everything this tab draws of a session."""
        shown = {
            **self._show_token(session), self.layer: session.compared_layer, self.numbers: views.numbers_value(session),
            **{panel: views.panel_value(name, session) for name, panel in self.panels.items()},
        }
        for part in self.parts:
            shown |= part.show(session)
        return shown

    def open(self, values: dict):
        """Take over the text of the first tab when it is new, and compare it."""
        session = values[self.session]
        text = session.trace.text
        if session.taken == text:
            yield {self.status: gr.skip()}
            return
        session = session.but(taken=text)
        yield {self.session: session, self.text: text}
        yield from self.compare({**values, self.session: session, self.text: text})

    def compare(self, values: dict):
        """Refuse what cannot run, wait for the model if need be, run both formats."""
        session, text = values[self.session], values[self.text]
        refusal = limits.refuse_prompt(text, limits.MAX_COMPARED_CHARACTERS)
        if refusal is None:
            key = "compare.running" if self.engine.stage.name == "ready" else "run.waiting"
            yield {self.status: {"kind": "busy", "text": say(session.language, key)}}
            stage = self.engine.wait()
            if stage.name != "ready":
                yield {self.status: stage_line(stage, session.language)}
                return
            token_ids = self.engine.tokens(text, session.trace)
            refusal = limits.refuse_tokens(len(token_ids), self.engine.context)
        if refusal is not None:
            yield {self.status: refusal_line(refusal, session.language)}
            return
        yield self._compared(session, token_ids, values)

    def measure_open(self, session: Session, visitor: str):
        """Measure what stands below the comparison, as far as it is open."""
        for part in self.parts:
            if part is self.formats or part.name in session.shortening.sections:
                yield from part.measure(session, visitor)

    def change_layer(self, session: Session, layer: int) -> dict:
        """Show another layer's experts and flips."""
        session = session.but(compared_layer=within(layer, len(session.trace.layers) - 1))
        return {self.session: session, **self._show_token(session)}

    def select(self, session: Session, event: gr.EventData) -> dict:
        """Tell about the token that was clicked."""
        last = len(session.comparison.kl) - 1
        session = session.but(compared_position=within(event.position, last))
        return {self.session: session, **self._show_token(session)}

    def stop(self, event: gr.EventData, request: gr.Request) -> None:
        """End the measurement of the section whose button was clicked."""
        next(part for part in self.sections if part.halt.elem_id == event.target.elem_id).stop(request)

    def _compared(self, session: Session, token_ids: list[int], values: dict) -> dict:
        format = values[self.format]
        engine = values[self.arithmetic] if values[self.arithmetic] in engines_of(format) else engines_of(format)[0]
        comparison = self.engine.compare(token_ids, _start(token_ids, session), format, engine=engine,
                                         routers=values[self.routers], replay=values[self.replay])
        session = session.but(comparison=comparison, compared_position=int(comparison.kl.argmax()))
        line = say(session.language, "compare.done", n=len(comparison.kl), format=format,
                   engine=say(session.language, f"engine.{engine}.short"), device=comparison.settings["device"])
        if engine != values[self.arithmetic]:
            line = f"{line} {say(session.language, 'precision.only_stored', format=format)}"
        return {self.session: session, self.status: {"kind": "done", "text": line}, self.arithmetic: engine,
                **self.show(session)}

    def _show_token(self, session: Session) -> dict:
        return {self.strip: views.strip_value(session), self.detail: views.detail_value(session)}

    def _lay_out_question(self, labels: Labels, first: Session) -> None:
        with gr.Row(elem_classes="ask"):
            self.text = labels.make(
                gr.Textbox, {"label": "compare.text", "placeholder": "prompt.placeholder"}, value=first.trace.text,
                lines=1, max_lines=6, container=False, scale=8, min_width=200, elem_classes="question",
                elem_id="compare-text")
            self.run = labels.make(gr.Button, {"value": "compare.run"}, variant="primary", scale=1, min_width=120)
        with gr.Row(elem_classes="choices"):
            self.format = labels.make(gr.Radio, {"label": "compare.format"}, choices=list(SHORTER), value="fp16",
                                      elem_classes="pills", min_width=280, elem_id="precision-format")
            self.arithmetic = labels.make(
                gr.Radio, {"label": "compare.engine", "choices": {"compute": "engine.compute",
                                                                  "storage": "engine.storage"}},
                value="compute", elem_classes="pills", min_width=320, elem_id="precision-engine")
        with gr.Row(elem_classes="choices"):
            self.routers = labels.make(
                gr.Radio, {"label": "precision.routers", "choices": {name: f"precision.routers.{name}"
                                                                     for name in ROUTERS}},
                value="short", elem_classes="pills", min_width=320, elem_id="precision-routers")
            with gr.Column(min_width=240, elem_classes="switches"):
                self.replay = labels.make(gr.Checkbox, {"label": "compare.replay"}, value=False)

    def _lay_out_folds(self, labels: Labels) -> None:
        self.folds = {}
        for fold, names in FOLDS.items():
            self.folds[fold] = labels.make(gr.Accordion, {"label": f"precision.{fold}.ask"}, open=False,
                                           elem_classes="sheet fold", elem_id=f"precision-{fold}")
            with self.folds[fold]:
                self.panels |= {name: FigurePanel(elem_id=f"compare-{name}") for name in names}

    def _draw_in(self, session: Session, names: list[str]) -> dict:
        """What is drawn when a fold opens: a closed one has no panels in the browser that could take a value."""
        return {self.panels[name]: views.panel_value(name, session) for name in names}

    def _lay_out_sections(self, labels: Labels) -> list[SectionPart]:
        """In the order in which they stand on the page."""
        return [own(labels, self.session, self.laboratory) if own else
                SectionPart(labels, self.session, self.laboratory, name, section_views.DRAWERS[name])
                for name, own in SECTIONS.items()]

    def _connect(self) -> None:
        asked = {self.session, self.text, self.format, self.arithmetic, self.routers, self.replay}
        extra = [component for part in self.parts for component in (part.status, part.halt)]
        answered = [self.session, self.text, self.status, self.arithmetic, *extra, *self.shown]
        dials = (self.format, self.arithmetic, self.routers, self.replay)
        self.comparing, self.opening = (LongEvent(self.session, run, self.show, _merge)
                                        for run in (self.compare, self.open))
        self.comparing.connect([self.run.click, self.text.submit, *(dial.input for dial in dials)], asked, answered,
                               self.measure_open, **HEAVY_SLIDING)
        self.opening.connect([self.tab.select], asked, answered, self.measure_open, **HEAVY_SLIDING)
        picked = [self.session, self.strip, self.detail]
        self.layer.input(self.change_layer, [self.session, self.layer], picked, **SLIDING)
        self.strip.token_click(self.select, self.session, picked, **SLIDING)
        folds = {self.folds[fold]: names for fold, names in FOLDS.items()}
        gr.on([fold.expand for fold in folds], either(folds, self._draw_in), self.session,
              [self.panels[name] for names in FOLDS.values() for name in names], **SHARED)
        sections = {part.fold: part for part in self.sections}
        gr.on([fold.collapse for fold in sections], either(sections, _close), self.session, self.session, **SHARED)
        gr.on([part.halt.click for part in self.sections], self.stop, None, None, **SHARED)
        self.formats.connect()
        offer_csv(self.panels, views.DRAWERS)


def _close(session: Session, part: SectionPart) -> Session:
    return part.close(session)


def _start(token_ids: list[int], session: Session) -> int:
    """After how many tokens the formats write on by themselves: the prompt of the visitor's run, or all of a text."""
    own = token_ids == session.trace.token_ids.tolist()
    return session.trace.phase.count("prompt") if own else len(token_ids)


def _merge(late: Late, now: Session) -> Session:
    """The comparison, with a token looked at that it has."""
    session = merged(*late, now)
    if session.comparison is None:
        return session
    return session.but(compared_position=within(session.compared_position, len(session.comparison.kl) - 1))
