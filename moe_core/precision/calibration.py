"""Before it is kept in four or two bits, a model is fitted to text: what every matrix multiplies decides its codes.

A fitted matrix lies on the grid of its format, so whoever rounds it to nearest keeps it as it is: exporters need to
know nothing of this.
"""

import copy
from dataclasses import replace
from functools import partial
from weakref import WeakKeyDictionary

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from moe_core.model.causal_lm import MoEscopeForCausalLM
from moe_core.model.experts import Experts, SharedExpert
from moe_core.precision.damage import Steps, finished
from moe_core.precision.damage_texts import UNASKED, Split, splits
from moe_core.precision.formats import INTEGER_FORMATS, IntegerFormat
from moe_core.precision.gptq import gptq
from moe_core.precision.parts import Matrix, stacks
from moe_core.precision.plan import Plan, check
from moe_core.precision.quantise import Quantised, quantise, restore
from moe_core.tracing.own import LoadedModel

Products = dict[tuple[str, int | None], Tensor]  # (name in the state dict, slice of a stack) -> (columns, columns)

_known: WeakKeyDictionary[MoEscopeForCausalLM, Products] = WeakKeyDictionary()


def calibrated(loaded: LoadedModel, plan: Plan) -> LoadedModel:
    """The same model fitted to the plan's short formats; itself where the plan has none."""
    check(plan, loaded.model)
    if not any(_is_short(format) for format in plan.values()):
        return loaded
    if loaded.model not in _known:
        _known[loaded.model] = finished(products(loaded.model, fitting_split(loaded)))
    return replace(loaded, model=on_grid(loaded.model, plan, _known[loaded.model]))


def fitting_split(loaded: LoadedModel) -> Split:
    """The split of moe_core.precision.damage_texts that models are fitted to."""
    config = loaded.model.config
    return splits(loaded.tokenizer, config.max_position_embeddings, config.eos_token_id)["fitting"]


def on_grid(model: MoEscopeForCausalLM, plan: Plan, known: Products) -> MoEscopeForCausalLM:
    """A copy whose matrices lie on the grid of their short formats; all others are as they were."""
    twin = copy.deepcopy(model).eval().requires_grad_(False)
    for ours, theirs in zip(stacks(model), stacks(twin), strict=True):
        for format in sorted({plan[matrix.part] for matrix in ours if _is_short(plan[matrix.part])}):
            for made, matrix in zip(codes(ours, INTEGER_FORMATS[format], known), theirs, strict=True):
                if plan[matrix.part] == format:
                    matrix.values.copy_(restore(made, matrix.values.shape[1]))
    return twin


def codes(stack: list[Matrix], format: IntegerFormat, known: Products) -> list[Quantised]:
    """The codes of each matrix of a stack, fitted all at once.

    By GPTQ where the format is short and something is known of what they multiply, else the nearest.
    """
    found = [known.get((matrix.parameter, matrix.expert)) for matrix in stack]
    if not _is_short(format.name) or all(one is None for one in found):
        return [quantise(matrix.values, format) for matrix in stack]
    columns = stack[0].values.shape[1]
    met = torch.stack([torch.zeros(columns, columns) if one is None else one for one in found])
    made = gptq(torch.stack([matrix.values for matrix in stack]), format, met)
    return [Quantised(*one) for one in zip(*made, strict=True)]


@torch.inference_mode()
def products(model: MoEscopeForCausalLM, split: Split) -> Steps[Products]:
    """X^T X of every matrix in attention and experts, X (tokens, columns) being what it multiplies in the split.

    The embedding is not among them, since a lookup multiplies nothing; nor are routers, which stay long.
    """
    twin = copy.deepcopy(model).eval()  # the model itself may be answering others meanwhile
    ear, decoder = _Ear(twin), twin.model
    for batch in split.batches:
        ear.asked = batch.targets.flatten() != UNASKED
        decoder.through_layers(decoder.embed_tokens(batch.token_ids), decoder.rotation_at(0, batch.token_ids.shape[1]))
        yield
    return ear.found


class _Ear:
    """Hears what reaches the matrices of a model, and sums it up."""

    def __init__(self, model: MoEscopeForCausalLM):
        self.found: Products = {}
        self.asked = torch.empty(0, dtype=torch.bool)  # (N,) which rows are text, and which only fill up
        hooks = {nn.Linear: self._linear, Experts: self._experts, SharedExpert: self._shared}
        for name, module in model.model.layers.named_modules(prefix="model.layers"):
            if type(module) in hooks and ".router." not in name:
                module.register_forward_pre_hook(partial(hooks[type(module)], name))

    def _linear(self, name: str, module: nn.Linear, inputs: tuple[Tensor]) -> None:
        self._add(f"{name}.weight", None, inputs[0].flatten(0, -2)[self.asked])

    def _experts(self, name: str, module: Experts, inputs: tuple[Tensor, Tensor]) -> None:
        hidden, expert_ids = (values[self.asked] for values in inputs)  # (n, D), (n, K)
        for expert, (gate_up, down) in enumerate(zip(module.gate_up, module.down, strict=True)):
            self._pair(name, expert, hidden[(expert_ids == expert).any(-1)], gate_up, down)

    def _shared(self, name: str, module: SharedExpert, inputs: tuple[Tensor]) -> None:
        self._pair(name, None, inputs[0][self.asked], module.gate_up, module.down)

    def _pair(self, name: str, expert: int | None, hidden: Tensor, gate_up: Tensor, down: Tensor) -> None:
        gate, up = F.linear(hidden, gate_up).chunk(2, -1)
        self._add(f"{name}.gate_up", expert, hidden)
        self._add(f"{name}.down", expert, F.silu(gate) * up)

    def _add(self, name: str, expert: int | None, inputs: Tensor) -> None:
        if len(inputs):
            self.found[name, expert] = self.found.get((name, expert), 0) + inputs.T @ inputs


def _is_short(format: str) -> bool:
    return format in INTEGER_FORMATS and INTEGER_FORMATS[format].bits < 8
