"""How large the numbers inside the model become, beside the largest that fp16 can hold.

Knows nothing of texts. All of it is measured in fp32, where nothing overflows.
"""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from moe_core.model.causal_lm import MoEscopeForCausalLM
from moe_core.model.router import Routing
from moe_core.precision.formats import FORMATS
from moe_core.precision.steps import Step, growing
from moe_core.precision.streams import streams

PLACES = ("stream", "scores", "routed", "shared")  # behind the layer; router logits; inside the experts


class _Fed:
    """A watcher that keeps what every MoE layer was fed, and where it went."""

    def __init__(self):
        self.seen: list[tuple[Tensor, Routing]] = []

    def __call__(self, layer: int, hidden: Tensor, routing: Routing) -> None:
        self.seen.append((hidden, routing))


def range_steps(model: MoEscopeForCausalLM, token_ids: list[int]) -> Iterator[Step]:
    """One row per layer and place: layer, place, largest, median, headroom, n.

    headroom: how often `largest` could double before fp16 overflows. END's row counts, it is computed as well.
    """
    fed = _Fed()
    behind = streams(model, token_ids, fed)                                  # (L, T, D)

    def rows():
        for layer, (hidden, routing) in enumerate(fed.seen):
            found = {"stream": behind[layer], "scores": routing.logits, **inner(model, layer, hidden, routing)}
            yield [_row(layer, place, found[place].abs()) for place in PLACES if place in found]

    return growing(rows(), len(fed.seen))


@torch.inference_mode()
def inner(model: MoEscopeForCausalLM, layer: int, hidden: Tensor, routing: Routing) -> dict[str, Tensor]:
    """What the experts of a layer multiply by their down-projections, and the products they are made of."""
    moe = model.model.layers[layer].moe
    tokens = hidden.reshape(-1, hidden.shape[-1])
    routed = [_inside(tokens[(routing.expert_ids == expert).any(-1)], matrix)
              for expert, matrix in enumerate(moe.experts.gate_up)]
    found = {"routed": torch.cat(routed)}
    return found if moe.shared is None else found | {"shared": _inside(tokens, moe.shared.gate_up)}


def largest_inner(model: MoEscopeForCausalLM, token_ids: list[int]) -> float:
    """The largest number inside any expert."""
    fed = _Fed()
    streams(model, token_ids, fed)
    return max(float(numbers.abs().max()) for layer, seen in enumerate(fed.seen)
               for numbers in inner(model, layer, *seen).values())


def _inside(tokens: Tensor, gate_up: Tensor) -> Tensor:
    gate, up = F.linear(tokens, gate_up).chunk(2, -1)
    return torch.cat((up.flatten(), (F.silu(gate) * up).flatten()))          # both have to fit


def _row(layer: int, place: str, sizes: Tensor) -> dict:
    largest = float(sizes.max())
    return {"layer": layer, "place": place, "largest": largest, "median": float(sizes.median()),
            "headroom": float(torch.tensor(FORMATS["fp16"].largest / largest).log2()) if largest else float("inf"),
            "n": sizes.numel()}
