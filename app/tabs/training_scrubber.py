"""How the experts formed: a slider over the recorded snapshots, with the run without balance loss beside it."""

import gradio as gr

from app.components import FigurePanel, Numbers, StatusLine
from app.labels import Labels
from app.session import Session
from app.tabs.wiring import SLIDING, offer_csv, within
from app.views import training_scrubber as views
from app.words import say


class ScrubberPart:
    """One slider moves every picture."""

    room = "scrubber"

    def __init__(self, labels: Labels, session: gr.State):
        self.session = session
        with gr.Column(elem_classes="sheet"):
            labels.make(StatusLine, {"value": lambda language: {"text": say(language, "scrubber.intro")}})
            words = {"label": "scrubber.moment", "info": "scrubber.moment.info"}
            self.moment = labels.make(gr.Slider, words, minimum=0, maximum=1, step=1, value=1, buttons=[],
                                      elem_id="scrubber-moment")
            self.line = StatusLine(elem_id="scrubber-line")
            self.numbers = Numbers([], elem_id="scrubber-numbers")
        self.panels = self._lay_out_panels()
        self.shown = [self.moment, self.line, self.numbers, *self.panels.values()]
        self._connect()

    def show(self, session: Session) -> dict:
        """Every picture at the moment that was chosen last."""
        last = max(len(views.steps()) - 1, 0)
        moment = last if session.training.moment < 0 else min(session.training.moment, last)
        return {self.moment: gr.update(value=moment, maximum=max(last, 1), interactive=last > 0),
                **self._draw(session.train(moment=moment))}

    def blank(self) -> dict:
        """Nothing at all, so that whatever comes next is a change."""
        return {self.line: {}, self.numbers: [], **{panel: {} for panel in self.panels.values()}}

    def move(self, session: Session, moment: int) -> dict:
        """Look at another snapshot."""
        session = session.train(moment=within(moment, max(len(views.steps()) - 1, 0)))
        return {self.session: session, **self._draw(session)}

    def _draw(self, session: Session) -> dict:
        return {self.line: views.line(session), self.numbers: views.numbers(session),
                **{panel: views.panel_value(name, session) for name, panel in self.panels.items()}}

    def _lay_out_panels(self) -> dict[str, FigurePanel]:
        panels = {}
        for names in (views.PANELS[:2], views.PANELS[2:4], views.PANELS[4:]):
            with gr.Row(elem_classes="panels"):
                panels |= {name: FigurePanel(elem_id=f"scrubber-{name.replace('.', '-')}") for name in names}
        return panels

    def _connect(self) -> None:
        drawn = [self.session, self.line, self.numbers, *self.panels.values()]
        self.moment.input(self.move, [self.session, self.moment], drawn, **SLIDING)
        offer_csv(self.panels, views.DRAWERS)
