"""What is each expert used for, and is the load fair? Counted over a recorded corpus or the visitor's own text."""

import gradio as gr

from app import limits
from app.components import FigurePanel, Numbers, ReadingList, StatusLine
from app.engine import Engine
from app.labels import Labels
from app.observing import KINDS, PROBES, TEXT, Observing
from app.session import Session, merged
from app.tabs.long_event import Late, LongEvent
from app.tabs.wiring import HEAVY_SLIDING, SILENT, SLIDING, offer_csv, within
from app.views import experts as views
from app.views import experts_evidence as evidence
from app.views import experts_likes as liking
from app.views import experts_portrait as portraits
from app.views import experts_training as training
from app.views.status import refusal_line, stage_line
from app.words import say
from moe_core.tracing.corpus import CorpusError

WIDE = ("load", "kinds", "together")  # their cells carry numbers
COUNTING = {**SILENT, "concurrency_limit": limits.HEAVY_RUNS_AT_ONCE, "trigger_mode": "always_last"}


class ExpertsTab:
    """The tab's components; `shown` are those that `show` fills from a session."""

    def __init__(self, labels: Labels, session: gr.State, engine: Engine):
        self.session, self.engine = session, engine
        first: Session = session.value
        self.tab = labels.make(gr.Tab, {"label": "tab.experts"}, id="experts")
        with self.tab:
            with gr.Column(elem_classes="sheet"):
                self._lay_out_choice(labels, first)
            self.panels = self._lay_out_panels(labels)
            self.shown = [self.status, self.numbers, self.layer, self.expert, self.portrait, self.reads, self.label,
                          self.likes, self.settling, *self.panels.values()]
            self._connect()  # within: gradio counts whatever stands between tabs as a tab

    def show(self, session: Session) -> dict:
        """Everything this tab draws of a session; nothing before it is opened for the first time."""
        if session.observing.evidence is None:
            return {}
        return {**self._show_texts(session), **self._show_kind(session), **self._draw(session, *self.panels),
                self.settling: training.panel_value(session)}

    def prepare(self) -> None:
        """Count the recorded corpus in the background, so that nobody need wait for it."""
        evidence.count_ahead()

    def open(self, session: Session):
        """Count when the tab is opened for the first time, and when the visitor's text is a new one."""
        found = session.observing.evidence
        if found is not None and found.trace in (None, session.trace):
            yield {self.status: gr.skip()}
            return
        yield from self._count(session)

    def choose_source(self, session: Session, source: str):
        """Speak of the recorded corpus, or of the visitor's text."""
        yield from self._count(session.observe(source=source if source in (PROBES, TEXT) else PROBES))

    def change_layer(self, session: Session, layer: int) -> dict:
        """Look at another layer."""
        return self._look(session, layer, session.observing.expert, *views.OF_LAYER)

    def change_expert(self, session: Session, expert: int) -> dict:
        """Look at another expert of the same layer."""
        return self._look(session, session.observing.layer, expert, "load")

    def pick(self, session: Session, event: gr.EventData) -> dict:
        """Look at the layer and expert whose cell was clicked."""
        return self._look(session, event.y, event.x, *views.OF_LAYER)

    def change_kind(self, session: Session, kind: str) -> dict:
        """Sort the tokens by another kind of label."""
        session = liking.settled(session.observe(kind=kind if kind in KINDS else KINDS[0]))
        return {self.session: session, **self._show_kind(session), **self._draw(session, "kinds", "information")}

    def change_label(self, session: Session, label: str) -> dict:
        """Ask who likes another kind of token."""
        session = liking.settled(session.observe(label=str(label)))
        return {self.session: session, **self._show_kind(session)}

    def contrast(self, session: Session, first: str, second: str):
        """Compare two typed texts; two empty ones stand for the English and the Chinese probes."""
        if session.observing.evidence is None:
            yield {self.contrast_status: gr.skip()}
        elif not first.strip() and not second.strip():
            session = session.observe(contrast=None)
            yield {self.session: session, self.contrast_status: {}, **self._draw(session, "contrast")}
        else:
            yield from self._contrast(session, (first, second))

    def _contrast(self, session: Session, texts: tuple[str, str]):
        refusals = [limits.refuse_prompt(text, limits.MAX_COMPARED_CHARACTERS) for text in texts]
        if not any(refusals):
            yield {self.contrast_status: {"kind": "busy", "text": say(session.language, "run.waiting")}}
            stage = self.engine.wait()
            if stage.name != "ready":
                yield {self.contrast_status: stage_line(stage, session.language)}
                return
            refusals = [limits.refuse_tokens(self.engine.count_tokens(text), self.engine.context) for text in texts]
        refusal = next(filter(None, refusals), None)
        if refusal is not None:
            yield {self.contrast_status: refusal_line(refusal, session.language)}
            return
        session = session.observe(contrast=tuple(self.engine.trace(text) for text in texts))
        yield {self.session: session, self.contrast_status: {}, **self._draw(session, "contrast")}

    def _count(self, session: Session):
        """Say so, count, and show the headline numbers; the rows follow."""
        yield {self.status: {"kind": "busy", "text": say(session.language, "experts.counting")}}
        try:
            found = views.evidence_of(session)
        except CorpusError as error:
            yield {self.session: session.observe(evidence=None), self.status: {"kind": "problem", "text": say(
                session.language, "experts.missing", error=error)}}
            return
        session = liking.settled(session.observe(evidence=found, **views.first_look(found, session)))
        shown = self._show_texts(session)
        del shown[self.status]  # it is counting until the last row is drawn
        yield {self.session: session, **shown}

    def draw_rows(self, session: Session, visitor: str):
        """Row by row as the numbers come, once the session knows what was counted."""
        if session.observing.evidence is None:
            return
        for row in views.ROWS:
            yield {**self._draw(session, *row), **(self._show_kind(session) if "kinds" in row else {})}
        yield {self.settling: training.panel_value(session)}
        yield {self.status: views.source_line(session)}
        session.observing.evidence.count_all()

    def _merge(self, late: Late, now: Session) -> Session:
        """What was counted, looked at in a layer and at an expert that it has."""
        session = merged(*late, now)
        seen = session.observing
        if seen.evidence is None:
            return session
        corpus = seen.evidence.corpus
        return liking.settled(session.observe(layer=within(seen.layer, len(corpus.layers) - 1),
                                              expert=within(seen.expert, corpus.experts - 1)))

    def _look(self, session: Session, layer, expert, *panels: str) -> dict:
        corpus = session.observing.evidence and session.observing.evidence.corpus
        if corpus is None:
            return {self.status: gr.skip()}
        session = session.observe(layer=within(layer, len(corpus.layers) - 1),
                                  expert=within(expert, corpus.experts - 1))
        return {self.session: session, self.numbers: views.numbers_value(session), self.layer: session.observing.layer,
                self.expert: session.observing.expert, **self._show_expert(session), **self._draw(session, *panels)}

    def _show_texts(self, session: Session) -> dict:
        corpus = session.observing.evidence.corpus
        experts = [(f"E{number}", number) for number in range(corpus.experts)]
        return {
            self.status: views.source_line(session), self.numbers: views.numbers_value(session),
            self.layer: gr.update(value=session.observing.layer, maximum=max(len(corpus.layers) - 1, 1)),
            self.expert: gr.update(choices=experts, value=session.observing.expert), **self._show_expert(session),
        }

    def _show_texts_if_any(self, session: Session) -> dict:
        return self._show_texts(session) if session.observing.evidence else {}

    def _show_expert(self, session: Session) -> dict:
        return {self.portrait: portraits.portrait_value(session), self.reads: portraits.reads_value(session)}

    def _show_kind(self, session: Session) -> dict:
        if session.observing.evidence is None:
            return {}
        known = liking.choices(session)
        return {self.label: gr.update(choices=known, value=session.observing.label if known else None),
                self.likes: liking.panel_value(session)}

    def _draw(self, session: Session, *names: str) -> dict:
        return {self.panels[name]: views.panel_value(name, session) for name in names}

    def _lay_out_choice(self, labels: Labels, first: Session) -> None:
        self.source = labels.make(
            gr.Radio, {"label": "experts.source", "choices": {PROBES: "experts.source.probes",
                                                              TEXT: "experts.source.text"}},
            value=PROBES, elem_classes="pills", elem_id="experts-source")
        self.status = StatusLine(elem_id="experts-status")
        self.numbers = Numbers([])
        with gr.Row(elem_classes="choices"):
            with gr.Column(min_width=200):
                self.layer = labels.make(
                    gr.Slider, {"label": "prompt.layer", "info": "prompt.layer.info"}, minimum=0, step=1,
                    maximum=max(len(first.trace.layers) - 1, 1), value=first.layer, buttons=[], elem_classes="layer")
            with gr.Column(min_width=200):
                self.expert = labels.make(gr.Radio, {"label": "experts.expert"}, value=0, elem_classes="pills",
                                          choices=[(f"E{number}", number) for number in range(first.trace.experts)],
                                          elem_id="experts-expert")
        self.portrait = StatusLine(elem_id="experts-portrait")

    def _lay_out_panels(self, labels: Labels) -> dict[str, FigurePanel]:
        def make(*names: str) -> dict:
            return {name: FigurePanel(elem_id=f"experts-{name}", elem_classes="wide" if name in WIDE else None)
                    for name in names}

        with gr.Row(elem_classes="panels"):
            with gr.Column(min_width=320):
                panels = make("load", "balance")
            self.reads = ReadingList(elem_id="experts-reads")
        self.kind = labels.make(
            gr.Radio, {"label": "experts.kind", "choices": {kind: f"experts.kind.{kind}" for kind in KINDS}},
            value=Observing().kind, elem_classes="pills", elem_id="experts-kind")
        self.label = labels.make(gr.Dropdown, {"label": "experts.likes.label"}, choices=[], value=None,
                                 elem_id="experts-label")
        self.likes = FigurePanel(elem_id="experts-likes", elem_classes="wide")
        for names in views.ROWS[1:4]:
            with gr.Row(elem_classes="panels"):
                panels |= make(*names)
        self._lay_out_contrast(labels)
        panels |= make("contrast")
        self.settling = FigurePanel(elem_id="experts-settling")
        return panels

    def _lay_out_contrast(self, labels: Labels) -> None:
        with gr.Column(elem_classes="sheet"):
            with gr.Row(elem_classes="ask"):
                self.texts = [self._lay_out_text(labels, name) for name in ("a", "b")]
                self.run = labels.make(gr.Button, {"value": "compare.run"}, variant="primary", scale=1, min_width=120,
                                       elem_id="experts-compare")
            self.contrast_status = StatusLine()

    def _lay_out_text(self, labels: Labels, name: str) -> gr.Textbox:
        words = {"label": f"experts.contrast.{name}", "placeholder": f"experts.contrast.{name}.empty"}
        with gr.Column(scale=4, min_width=240):
            return labels.make(gr.Textbox, words, value="", lines=1, max_lines=6)

    def _connect(self) -> None:
        counted = [self.session, *self.shown]
        self.opening, self.counting = (LongEvent(self.session, run, self._show_texts_if_any, self._merge)
                                       for run in (self.open, self.choose_source))
        self.opening.connect([self.tab.select], self.session, counted, self.draw_rows, **COUNTING)
        self.counting.connect([self.source.input], [self.session, self.source], counted, self.draw_rows, **COUNTING)
        self.layer.input(self.change_layer, [self.session, self.layer], counted, **SLIDING)
        self.expert.input(self.change_expert, [self.session, self.expert], counted, **SLIDING)
        self.panels["load"].cell_click(self.pick, self.session, counted, **SLIDING)
        asked = [self.session, self.label, self.likes]
        self.kind.input(self.change_kind, [self.session, self.kind],
                        [*asked, self.panels["kinds"], self.panels["information"]], **SLIDING)
        self.label.input(self.change_label, [self.session, self.label], asked, **SLIDING)
        self.likes.cell_click(self.pick, self.session, counted, **SLIDING)
        self.contrasting = LongEvent(self.session, self.contrast, lambda session: self._draw(session, "contrast"))
        self.contrasting.connect([self.run.click, *(text.submit for text in self.texts)], [self.session, *self.texts],
                                 [self.session, self.contrast_status, self.panels["contrast"]], **HEAVY_SLIDING)
        offer_csv(self.panels | {"likes": self.likes, "settling": self.settling},
                  views.DRAWERS | {"likes": liking.likes, "settling": training.settling})
        self.reads.hands_out = portraits.reads_file
