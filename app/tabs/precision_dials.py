"""The sections of the tab *Precision* with dials of their own: formats, twins, the cliff, and what a token costs."""

import gradio as gr

from app.components import StatusLine, TextPair
from app.labels import Labels
from app.measuring import Laboratory
from app.session import Session
from app.shortening import LAST_POWER, MOST_WATTS, PROBES, TEMPERATURES, TEXT
from app.tabs.precision_section import SectionPart
from app.tabs.wiring import HEAVY, HEAVY_SLIDING, SLIDING, within
from app.views import precision_sections as sections
from app.views import precision_writing as writing
from app.words import say


class FormatsPart(SectionPart):
    """The table of all formats: on this text, or recorded over the probe texts."""

    def lay_out_dials(self, labels: Labels) -> None:
        with gr.Row(elem_classes="choices"):
            self.source = labels.make(gr.Radio, {"label": "precision.source", "choices": {
                TEXT: "precision.source.text", PROBES: "precision.source.probes"}}, value=TEXT, elem_classes="pills",
                elem_id="precision-source")

    def connect(self) -> None:
        self.source.input(self.change_source, [self.session, self.source], self.answered, **SLIDING)

    def change_source(self, session: Session, source: str) -> dict:
        """Show the other numbers."""
        session = session.shorten(source=source if source in (TEXT, PROBES) else TEXT)
        return {self.session: session, **self.show(session)}


class TwinsPart(SectionPart):
    """Both texts with the same luck."""

    def __init__(self, labels: Labels, session: gr.State, laboratory: Laboratory):
        super().__init__(labels, session, laboratory, "twins", {"gaps": self._gaps})
        self.temperature.input(self.change, [self.session, self.temperature, self.seed], self.answered,
                               **HEAVY_SLIDING)
        self.seed.submit(self.change, [self.session, self.temperature, self.seed], self.answered, **HEAVY_SLIDING)

    def lay_out_dials(self, labels: Labels) -> None:
        with gr.Row(elem_classes="choices"):
            self.temperature = labels.make(gr.Radio, {"label": "precision.temperature"}, value=TEMPERATURES[0],
                                           choices=[(f"{value:g}", value) for value in TEMPERATURES],
                                           elem_classes="pills", elem_id="precision-temperature")
            self.seed = labels.make(gr.Number, {"label": "precision.seed"}, value=0, precision=0, minimum=0,
                                    maximum=2**31, min_width=120)

    def lay_out_results(self, labels: Labels) -> list:
        self.texts = TextPair({"rows": []}, elem_id="precision-twins-texts")
        return [self.texts]

    def show(self, session: Session) -> dict:
        answer = self.laboratory.known(self.name, session)
        decode = self.laboratory.engine.decode
        return {**super().show(session), self.texts: writing.texts_value(session, answer, decode)}

    def change(self, session: Session, temperature: float, seed: float | None, request: gr.Request):
        """Write again with other luck."""
        temperature = temperature if temperature in TEMPERATURES else TEMPERATURES[0]
        session = session.shorten(temperature=temperature, seed=within(seed, 2**31))
        yield {self.session: session}
        yield from self.measure(session, request.session_hash)

    def _gaps(self, session: Session, table):
        return writing.gaps(session, table, self.laboratory.engine.token_label)


class CliffPart(SectionPart):
    """The same function in larger inner numbers."""

    def __init__(self, labels: Labels, session: gr.State, laboratory: Laboratory):
        super().__init__(labels, session, laboratory, "cliff", {"cliff": sections.cliff})
        self.power.input(self.change, [self.session, self.power], self.answered, **SLIDING)

    def lay_out_dials(self, labels: Labels) -> None:
        self.power = labels.make(gr.Slider, {"label": "precision.power", "info": "precision.power.info"}, minimum=0,
                                 maximum=LAST_POWER, step=1, value=0, buttons=[], elem_id="precision-power")

    def change(self, session: Session, power: int) -> dict:
        """All powers are measured at once; the slider only points at one."""
        session = session.shorten(power=within(power, LAST_POWER))
        return {self.session: session, **self.show(session)}


class CostPart(SectionPart):
    """Bytes and multiplications, counted; a model of 45 nm; and the seconds of a click."""

    def __init__(self, labels: Labels, session: gr.State, laboratory: Laboratory):
        super().__init__(labels, session, laboratory, "cost", writing.DRAWERS["cost"])

    def lay_out_below(self, labels: Labels) -> list:
        self.seconds = SecondsPart(labels, self.session, self.laboratory)
        return self.seconds.shown

    def show(self, session: Session) -> dict:
        return {**super().show(session), **self.seconds.show(session)}


class SecondsPart(SectionPart):
    """CPU-seconds on click, and Joules only as the visitor's watts times them."""

    def __init__(self, labels: Labels, session: gr.State, laboratory: Laboratory):
        super().__init__(labels, session, laboratory, "seconds", writing.DRAWERS["seconds"], folded=False)
        self.start.click(self.begin, self.session, [self.status, self.halt, *self.shown], **HEAVY)
        self.watts.input(self.change, [self.session, self.watts], self.answered, **SLIDING)

    def lay_out_dials(self, labels: Labels) -> None:
        labels.make(StatusLine, {"value": _seconds_lead})
        with gr.Row(elem_classes="choices"):
            self.start = labels.make(gr.Button, {"value": "precision.seconds.measure"}, size="sm", min_width=160)
            self.watts = labels.make(gr.Number, {"label": "precision.watts"}, value=None, minimum=0,
                                     maximum=MOST_WATTS, min_width=160, elem_id="precision-watts")

    def begin(self, session: Session, request: gr.Request):
        """Measure now."""
        yield from self.measure(session, request.session_hash)

    def change(self, session: Session, watts: float | None) -> dict:
        """Take the visitor's number; what is no number on the scale counts as none."""
        allowed = isinstance(watts, int | float) and 0 < watts <= MOST_WATTS
        session = session.shorten(watts=float(watts) if allowed else None)
        return {self.session: session, **self.show(session)}


def _seconds_lead(language: str) -> dict:
    return {"text": say(language, "precision.seconds.lead")}
