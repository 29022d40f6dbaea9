"""The table of strategies measured anew, in small: every way of selection, sharing and fusion, one after the other."""

import gradio as gr

from app.components import FactTable, FigurePanel
from app.labels import Labels
from app.session import Session
from app.tabs.training_part import RunPart
from app.training_state import TABLE
from app.views import training_again
from moe_core.lab.table import LEAST_STEPS, SMALL, checked_steps

USUAL_STEPS = 100


class AgainPart(RunPart):
    """One seed, fewer steps; at all steps it is the recorded run again."""

    kind, room, views = TABLE, "again", training_again

    def job(self, session: Session, values: dict) -> dict:
        """Seed and steps; refused before anything starts when one is out of range."""
        seed, steps = (int(values[self.dials[name]] or 0) for name in ("seed", "steps"))
        return {"kind": TABLE, "dials": {"seed": seed, "steps": checked_steps(steps)}}

    def _lay_out_dials(self, labels: Labels) -> dict:
        with gr.Row():
            with gr.Column(min_width=240):
                steps = labels.make(gr.Slider, {"label": "training.dial.steps", "info": "training.again.steps.info"},
                                    minimum=LEAST_STEPS, maximum=SMALL["steps"], step=20, value=USUAL_STEPS,
                                    buttons=[], elem_id="training-again-steps")
            with gr.Column(min_width=160):
                seed = labels.make(gr.Number, {"label": "training.dial.seed", "info": "training.seed.info"}, value=0,
                                   precision=0, minimum=0, maximum=2**32 - 1)
        return {"steps": steps, "seed": seed}

    def _lay_out_panels(self) -> dict:
        with gr.Row(elem_classes="panels"):
            loss, facts = FigurePanel(elem_id="training-again-loss"), FactTable(elem_id="training-again-facts")
        return {"loss": loss, "facts": facts}
