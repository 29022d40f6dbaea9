"""The thousand-word experiment on the page: the article's settings, one's own words, ten epochs to watch."""

import base64

import gradio as gr

from app.components import FigurePanel
from app.labels import Labels
from app.session import Session
from app.tabs.training_text import TextRunPart
from app.training_state import WORDS
from app.views import training_words
from moe_core.lab import wordlist

WIDE = ("load",)


class WordsPart(TextRunPart):
    """Ten experts, a thousand words."""

    kind, room, views = WORDS, "words", training_words

    def job(self, session: Session, values: dict) -> dict:
        """The article's settings with what was turned; the word list is checked before anything starts."""
        own, turned = self.own_text(session, values), {name: values[dial] for name, dial in self.dials.items()}
        if own:
            wordlist.read(base64.b64decode(own))
        return {"kind": WORDS, "own": own, "dials": turned | {"k": int(turned["k"]), "seed": int(turned["seed"] or 0)}}

    def _lay_out_dials(self, labels: Labels) -> dict:
        with gr.Row():
            with gr.Column(min_width=240):
                k = labels.make(gr.Slider, {"label": "training.dial.k", "info": "training.words.k.info"}, minimum=1,
                                maximum=10, step=1, value=2, buttons=[], elem_id="training-words-k")
            with gr.Column(min_width=240):
                rate = labels.make(gr.Number, {"label": "training.dial.learning_rate",
                                               "info": "training.words.learning_rate.info"}, value=0.001,
                                   elem_id="training-words-rate")
            with gr.Column(min_width=160):
                seed = labels.make(gr.Number, {"label": "training.dial.seed", "info": "training.seed.info"}, value=0,
                                   precision=0, minimum=0, maximum=2**32 - 1)
        gate = labels.make(gr.Checkbox, {"label": "training.words.gate", "info": "training.words.gate.info"},
                           value=True, elem_id="training-words-gate")
        return {"k": k, "learning_rate": rate, "seed": seed, "gate": gate}

    def _lay_out_panels(self) -> dict[str, FigurePanel]:
        panels = {}
        for names in (("losses", "scores"), ("load", "vectors")):
            with gr.Row(elem_classes="panels"):
                for name in names:
                    panels[name] = FigurePanel(elem_id=f"training-words-{name}",
                                               elem_classes="wide" if name in WIDE else None)
        return panels
