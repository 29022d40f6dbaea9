"""The dials of the tab What if: how they lie on the page, what they say together, and how they are set back."""

import gradio as gr

from app.asking import CAPACITIES, FARTHEST_NUDGE, Dials
from app.labels import Labels
from app.words import say
from moe_core.interventions.choices import FUSIONS

NOBODY = -1                 # the choice that names no expert
NO_LIMIT = 0.0              # the choice that sets no capacity
EVERY, ONE = "every", "one"  # which tokens: every one, or the selected one
AS_IT_IS, SWAPPED = "as_it_is", "swapped"


class DialsPart:
    """Its components, in the order of `values`."""

    def __init__(self, labels: Labels, usual: Dials, experts: int):
        self._labels, self._usual = labels, usual
        self._every = [(f"E{expert}", expert) for expert in range(experts)]
        with gr.Row():
            with gr.Column(min_width=280, elem_classes="dials"):
                self._lay_out_experts()
            with gr.Column(min_width=280, elem_classes="dials"):
                self._lay_out_layers()
        with gr.Row():
            with gr.Column(min_width=280):
                self.k = self._dial(gr.Slider, "k", {"info": "what_if.k.info"}, minimum=1, maximum=experts, step=1,
                                    value=usual.k, buttons=[], elem_id="what-if-k")
            with gr.Column(min_width=280):
                self.temperature = self._dial(
                    gr.Slider, "temperature", {"info": "what_if.temperature.info"}, minimum=0.1, maximum=5, step=0.1,
                    value=usual.temperature, buttons=[])
        self._lay_out_nudge()
        self.all = [self.layers, self.off, self.force, self.k, self.fusion, self.temperature, self.nudged, self.amount,
                    self.swap, self.capacity, self.where]

    def read(self, values: dict, position: int) -> Dials:
        """What the visitor turned; `position` is the token selected in the strip."""
        layers, off, force, k, fusion, temperature, nudged, amount, swap, capacity, where = (
            values[dial] for dial in self.all)
        return Dials(
            layers=tuple(sorted(layers or ())), k=k, off=tuple(sorted(off or ())),
            force=None if force in (None, NOBODY) else force, fusion=fusion, temperature=temperature,
            nudge=None if nudged in (None, NOBODY) else (nudged, amount), swap=swap == SWAPPED,
            capacity=capacity or None, position=position if where == ONE else None)

    def values(self, dials: Dials) -> dict:
        """The components set to these dials."""
        nudged, amount = dials.nudge or (NOBODY, 0.0)
        settings = [list(dials.layers), list(dials.off), NOBODY if dials.force is None else dials.force, dials.k,
                    dials.fusion, dials.temperature, nudged, amount, SWAPPED if dials.swap else AS_IT_IS,
                    dials.capacity or NO_LIMIT, EVERY if dials.position is None else ONE]
        return dict(zip(self.all, settings, strict=True))

    def _dial(self, kind, name: str, more: dict | None = None, **properties):
        return self._labels.make(kind, {"label": f"what_if.{name}", **(more or {})}, **properties)

    def _one_expert(self, name: str) -> gr.Radio:
        choices = {"choices": lambda language: [(say(language, "what_if.nobody"), NOBODY), *self._every]}
        return self._dial(gr.Radio, name, choices, value=NOBODY, elem_classes="pills", elem_id=f"what-if-{name}")

    def _lay_out_experts(self) -> None:
        self.off = self._dial(gr.CheckboxGroup, "off", choices=self._every, value=[], elem_classes="pills",
                              elem_id="what-if-off")
        self.force = self._one_expert("force")
        ways = {AS_IT_IS: "what_if.swap.no", SWAPPED: "what_if.swap.yes"}
        self.swap = self._dial(gr.Radio, "swap", {"choices": ways}, value=AS_IT_IS, elem_classes="pills",
                               elem_id="what-if-swap")

    def _lay_out_layers(self) -> None:
        layers = self._usual.layers
        self.layers = self._dial(gr.CheckboxGroup, "layers", choices=[(f"L{layer}", layer) for layer in layers],
                                 value=list(layers), elem_classes="pills", elem_id="what-if-layers")
        self.fusion = self._dial(gr.Radio, "fusion", {"choices": {name: f"what_if.fusion.{name}" for name in FUSIONS}},
                                 value=self._usual.fusion, elem_classes="pills", elem_id="what-if-fusion")

        def factors(language: str) -> list:
            return [(say(language, "what_if.capacity.none"), NO_LIMIT),
                    *((f"{factor:g}", factor) for factor in CAPACITIES)]

        self.capacity = self._dial(gr.Radio, "capacity", {"choices": factors, "info": "what_if.capacity.info"},
                                   value=NO_LIMIT, elem_classes="pills", elem_id="what-if-capacity")

    def _lay_out_nudge(self) -> None:
        with gr.Row():
            with gr.Column(min_width=280, elem_classes="dials"):
                self.nudged = self._one_expert("nudge")
                self.where = self._dial(gr.Radio, "where", {"choices": {EVERY: "what_if.where.every",
                                                                        ONE: "what_if.where.one"},
                                                            "info": "what_if.where.info"},
                                        value=EVERY, elem_classes="pills", elem_id="what-if-where")
            with gr.Column(min_width=280):
                self.amount = self._dial(
                    gr.Slider, "amount", {"info": "what_if.amount.info"}, minimum=-FARTHEST_NUDGE,
                    maximum=FARTHEST_NUDGE, step=0.01, value=0.0, buttons=[], elem_id="what-if-amount")
