"""The further views of the text on the screen, folded away until a visitor wants them."""

import gradio as gr

from app.components import FigurePanel, StatusLine
from app.engine import Engine
from app.labels import Labels
from app.session import Session, merged
from app.tabs.long_event import Late, LongEvent
from app.tabs.wiring import HEAVY_SLIDING, QUIET, offer_csv
from app.views import prompt as views
from app.views.status import stage_line
from app.words import say


class MorePart:
    """An accordion of panels; nothing in it is drawn before it is opened for the first time."""

    def __init__(self, labels: Labels, session: gr.State, engine: Engine):
        self.session, self.engine = session, engine
        self.fold = labels.make(gr.Accordion, {"label": "more.label"}, open=False, elem_id="more", elem_classes="more")
        with self.fold:
            with gr.Row(elem_classes="panels wide"):
                self.panels = {"assignments": FigurePanel(elem_id="assignments")}
            with gr.Row(elem_classes="panels"):
                with gr.Column(min_width=320):
                    self.panels |= {name: FigurePanel(elem_id=name) for name in ("confidence", "coverage")}
                with gr.Column(min_width=320):
                    self.ask = labels.make(gr.Button, {"value": "lens.ask"}, elem_id="lens-ask")
                    self.status = StatusLine(elem_id="lens-status")
                    self.panels["lens"] = FigurePanel(elem_id="lens", elem_classes="wide")
        self.shown = [self.status, *self.panels.values()]
        self.of_layer = [self.panels[name] for name in ("confidence", "coverage")]
        self._connect()

    def show(self, session: Session, *names: str) -> dict:
        """These panels, or all; none while the fold has not been opened."""
        if not session.more:
            return {}
        return {self.panels[name]: views.panel_value(name, session) for name in names or views.MORE}

    def open(self, session: Session) -> dict:
        """Draw everything when the visitor opens the fold."""
        session = session.but(more=True)
        return {self.session: session, **self.show(session)}

    def ask_layers(self, session: Session):
        """Run the text up to the selected token, and let every layer say what comes next."""
        if self.engine.stage.name != "ready":
            yield {self.status: {"kind": "busy", "text": say(session.language, "run.waiting")}}
        stage = self.engine.wait()
        if stage.name != "ready":
            yield {self.status: stage_line(stage, session.language)}
            return
        found = self.engine.lens(session.trace, session.position)
        if found is None:
            yield {self.status: {"kind": "problem", "text": say(session.language, "lens.other_model")}}
            return
        session = session.but(lens=found)
        yield {self.session: session, self.status: {}, self.panels["lens"]: views.panel_value("lens", session)}

    def _connect(self) -> None:
        self.fold.expand(self.open, self.session, [self.session, *self.shown], **QUIET)
        self.asking = LongEvent(self.session, self.ask_layers, self.show, _merge)
        self.asking.connect([self.ask.click], self.session, [self.session, *self.shown], **HEAVY_SLIDING)
        offer_csv(self.panels, views.DRAWERS)


def _merge(late: Late, now: Session) -> Session:
    """What the layers say of a text is nothing for another one."""
    return merged(*late, now) if now.trace is late.before.trace else now
