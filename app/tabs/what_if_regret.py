"""The part of the tab What if that asks whether other experts would have done better: selection by performance."""

import gradio as gr

from app import trying
from app.components import FigurePanel
from app.session import Session
from app.tabs.what_if_measured import MeasuredPart
from app.views import what_if_regret as views


class RegretPart(MeasuredPart):
    """All sets of experts tried, layer by layer."""

    name, views = "regret", views

    def lay_out_panels(self) -> dict[str, FigurePanel]:
        """Regret and agreement side by side, both loads below."""
        with gr.Row(elem_classes="panels even"):
            panels = {name: self.panel(name) for name in ("regret", "agreement")}
        return panels | {"loads": self.panel("loads")}

    def total(self) -> int:
        """How many layers there are."""
        return self.engine.shape[0]

    def steps(self, session: Session, text: str, sign):
        """One more layer each time."""
        for done, judged in enumerate(trying.judged(self.engine, text, sign), 1):
            yield session.ask(regret=judged), done
