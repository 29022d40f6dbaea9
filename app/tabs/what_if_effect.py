"""The part of the tab What if that asks what breaks without each expert: recorded, or live on the visitor's text."""

import math

import gradio as gr

from app import trying
from app.asking import ALL, CHOSEN
from app.labels import Labels
from app.session import Session
from app.tabs.what_if_measured import MeasuredPart
from app.tabs.wiring import SLIDING
from app.views import what_if_effect as views


class EffectPart(MeasuredPart):
    """The causal effect of every expert, over all tokens or over those that chose it."""

    name, views = "effect", views

    def lay_out_choices(self, labels: Labels) -> None:
        """Over which tokens an effect is averaged."""
        with gr.Row(elem_classes="choices"):
            self.scope = labels.make(
                gr.Radio, {"label": "what_if.scope", "choices": {ALL: "what_if.scope.all",
                                                                 CHOSEN: "what_if.scope.chosen"}},
                value=ALL, elem_classes="pills", elem_id="what-if-scope")

    def total(self) -> int:
        """How many experts there are in all layers."""
        return math.prod(self.engine.shape)

    def steps(self, session: Session, text: str, sign):
        """One more layer of experts each time."""
        for found in trying.measured(self.engine, text, sign):
            yield session.ask(effect=found), len(found.table) // 2  # two scopes

    def change_scope(self, session: Session, scope: str) -> dict:
        """Average over all tokens, or over those that chose the expert."""
        session = session.ask(scope=scope if scope in (ALL, CHOSEN) else ALL)
        return {self.session: session, **self.show(session)}

    def _connect(self) -> None:
        super()._connect()
        self.scope.input(self.change_scope, [self.session, self.scope], self.answered, **SLIDING)
