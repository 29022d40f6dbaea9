"""The same function with other inner numbers: experts whose up-projection grows by 2^n and down-projection shrinks.

In fp32 a power of two moves only exponents, so the outputs stay the same to the bit; fp16 runs out of range.
Knows nothing of texts.
"""

import copy
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from moe_core.model.causal_lm import MoEscopeForCausalLM
from moe_core.model.generation import Cache, feed
from moe_core.precision.cast import computed
from moe_core.precision.compare import kl_divergence
from moe_core.precision.ranges import largest_inner
from moe_core.precision.steps import Step, growing

POWERS = tuple(range(17))
FORMATS = ("fp32", "bf16", "fp16")


def rescaled(model: MoEscopeForCausalLM, power: int) -> MoEscopeForCausalLM:
    """A copy in which every expert's up-projection is 2^power larger and its down-projection as much smaller."""
    if not isinstance(power, int) or not 0 <= power <= POWERS[-1]:
        raise ValueError(f"power must lie in 0..{POWERS[-1]}, got {power}")
    twin = copy.deepcopy(model).eval().requires_grad_(False)
    for layer in twin.model.layers:
        for bank in (layer.moe.experts, layer.moe.shared):
            if bank is not None:
                bank.gate_up.data.chunk(2, -2)[1].mul_(2.0**power)
                bank.down.data.div_(2.0**power)
    return twin


def cliff_steps(model: MoEscopeForCausalLM, token_ids: list[int], powers: Sequence[int] = POWERS) -> Iterator[Step]:
    """One row per power and format, all truly computed: power, format, mean_kl, lost, identical, largest, n.

    mean_kl: nats, over the tokens whose logits stay finite; NaN where none does. lost: share of the others.
    identical: whether all logits have the very bits of the unscaled fp32 model. largest: of the experts' inner numbers.
    """
    exact, largest = read(model, token_ids), largest_inner(model, token_ids)

    def rows():
        for power in powers:
            scaled = rescaled(model, power)
            yield [{"power": power, "format": format, **held(exact, read(computed(scaled, format), token_ids)),
                    "largest": largest * 2.0**power, "n": len(token_ids)} for format in FORMATS]

    return growing(rows(), len(powers))


def held(exact: Tensor, other: Tensor) -> dict:
    """What became of the logits (T, V)."""
    finite = other.isfinite().all(-1)
    kl = kl_divergence(exact[finite], other[finite])
    return {"mean_kl": float(kl.mean()) if len(kl) else float("nan"), "lost": float((~finite).float().mean()),
            "identical": bool(torch.equal(exact, other))}


def read(model: MoEscopeForCausalLM, token_ids: list[int]) -> Tensor:
    """Logits after every token: (T, V)."""
    return feed(model, [model.config.eos_token_id, *token_ids], Cache(model, 1 + len(token_ids)))[1:]
