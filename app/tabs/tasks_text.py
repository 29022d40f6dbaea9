"""The part of the tab Tasks that shows what happens to a text before the model sees it."""

import gradio as gr

from app import doing, limits
from app.components import FigurePanel, StatusLine, TextPair
from app.engine import Engine
from app.labels import Labels
from app.session import Session
from app.tabs.long_event import LongEvent
from app.tabs.wiring import HEAVY_SLIDING, offer_csv
from app.views import tasks_text as views
from app.views.status import refusal_line
from app.words import say

DEFAULT_TEXT = "我喜欢学习AI"


class TextPart:
    """Its components; `shown` are those that `show` fills from a session."""

    def __init__(self, labels: Labels, session: gr.State, engine: Engine):
        self.session, self.engine = session, engine
        with gr.Column(elem_classes="sheet"):
            labels.make(StatusLine, {"value": lambda language: {"kind": "heading",
                                                                "text": say(language, "tasks.text.heading")}})
            with gr.Row(elem_classes="ask"):
                self.text = labels.make(
                    gr.Textbox, {"label": "tasks.text.label", "placeholder": "prompt.placeholder"}, value=DEFAULT_TEXT,
                    lines=1, max_lines=6, container=False, scale=8, min_width=200, elem_id="tasks-raw")
                self.run = labels.make(gr.Button, {"value": "tasks.text.run"}, variant="primary", scale=1,
                                       min_width=120)
            self.status = StatusLine(elem_id="tasks-text-status")
        self.steps = TextPair(elem_id="tasks-steps")
        self.panel = FigurePanel(elem_id="tasks-words")
        self.shown = [self.steps, self.panel]
        self.preparing = LongEvent(session, self.prepare, self.show)
        self.preparing.connect([self.run.click, self.text.submit], [session, self.text],
                               [session, self.status, *self.shown], **HEAVY_SLIDING)
        offer_csv({"words": self.panel}, views.DRAWERS)

    def show(self, session: Session) -> dict:
        """The steps and the plane of words."""
        return {self.steps: views.steps_value(session), self.panel: views.panel_value(session)}

    def prepare(self, session: Session, text: str) -> dict:
        """Refuse what cannot be read, else take it apart."""
        refusal = limits.refuse_prompt(text)
        if refusal is not None:
            return {self.status: refusal_line(refusal, session.language)}
        session = session.work(prepared=doing.prepared(self.engine, text))
        return {self.session: session, self.status: {}, **self.show(session)}
