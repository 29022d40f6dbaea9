"""A section of the tab *Precision*: one question, measured when it is opened, with progress and a way to stop."""

from collections.abc import Callable
from functools import partial

import gradio as gr

from app.components import FactTable, FigurePanel, StatusLine
from app.labels import Labels
from app.measuring import Laboratory
from app.runs import Runs
from app.session import Session
from app.tabs.wiring import HEAVY_SLIDING, QUIET, offer_csv, visible
from app.views import precision_sections as views
from app.views.status import stage_line
from app.words import say


class SectionPart:
    """Its components; `shown` are those that `show` fills from a session."""

    def __init__(self, labels: Labels, session: gr.State, laboratory: Laboratory, name: str,
                 drawers: dict[str, Callable], folded: bool = True):
        self.session, self.laboratory, self.name, self.drawers, self.runs = session, laboratory, name, drawers, Runs()
        self.fold = self._frame(labels, folded)
        with self.fold:
            if folded:
                labels.make(StatusLine, {"value": lambda language: {"text": say(language, f"precision.{name}.lead")}})
            self.lay_out_dials(labels)
            self.status = StatusLine(elem_id=f"precision-{name}-status")
            self.halt = labels.make(gr.Button, {"value": "precision.cancel"}, size="sm", visible="hidden",
                                    elem_id=f"precision-{name}-stop")
            own = self.lay_out_results(labels)
            self.panels = {panel: (FactTable if panel in views.TABLES else FigurePanel)(
                elem_id=f"precision-{panel.replace('_', '-')}-panel") for panel in drawers}
            own += self.lay_out_below(labels)
        self.shown = [*self.panels.values(), *own]
        self.answered = [self.session, self.status, self.halt, *self.shown]
        offer_csv(self.panels, {panel: self._with_answer(draw) for panel, draw in drawers.items()})
        if folded:
            self.fold.expand(self.open, self.session, self.answered, **HEAVY_SLIDING)
        else:
            self.halt.click(self.stop, None, None, **QUIET)  # those of the folds have one event together

    def lay_out_dials(self, labels: Labels) -> None:
        """What a visitor may turn; none unless a section has its own."""

    def lay_out_results(self, labels: Labels) -> list:
        """What stands above the panels and is drawn with them; nothing unless a section has its own."""
        return []

    def lay_out_below(self, labels: Labels) -> list:
        """What stands below and is drawn with them."""
        return []

    def show(self, session: Session) -> dict:
        """The section as far as it is measured."""
        answer = self.laboratory.known(self.name, session)
        return {self.panels[panel]: views.panel_value(self.name, panel, draw, session, answer)
                for panel, draw in self.drawers.items()}

    def open(self, session: Session, request: gr.Request):
        """Remember that it is open, then measure."""
        session = session.shorten(sections=session.shortening.sections | {self.name})
        yield {self.session: session}
        yield from self.measure(session, request.session_hash)

    def close(self, session: Session) -> Session:
        """From now on it is not measured with every comparison."""
        return session.shorten(sections=session.shortening.sections - {self.name})

    def measure(self, session: Session, visitor: str):
        """Wait for the model if need be, then measure step by step; the session itself is left alone."""
        if session.comparison is None:
            yield {self.status: {"text": say(session.language, "precision.compare_first")}}
            return
        stage = self.laboratory.engine.wait()
        if stage.name != "ready":
            yield {self.status: stage_line(stage, session.language)}
            return
        sign = self.runs.begin(visitor)
        try:
            for done, total in self.laboratory.measure(self.name, session, sign):
                yield {self.halt: visible(True), self.status: {
                    "kind": "busy", "text": say(session.language, "precision.measuring", done=done, total=total)}}
        finally:
            self.runs.end(visitor, sign)
        known = self.laboratory.known(self.name, session) is not None
        line = {} if known else {"kind": "done", "text": say(session.language, "precision.stopped")}
        yield {self.halt: visible(False), self.status: line, **self.show(session)}

    def stop(self, request: gr.Request) -> None:
        """End this visitor's measurement after the step it is at."""
        self.runs.stop(request.session_hash)

    def _frame(self, labels: Labels, folded: bool):
        if not folded:
            return gr.Column()
        return labels.make(gr.Accordion, {"label": f"precision.{self.name}.ask"}, open=False, elem_classes="sheet fold",
                           elem_id=f"precision-{self.name}")

    def _with_answer(self, draw: Callable) -> Callable:
        return lambda session: partial(draw, session)(self.laboratory.known(self.name, session))
