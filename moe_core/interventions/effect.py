"""What breaks without an expert: the rise of the next-token loss, in nats, with its doubt and its control.

It does not know text or files. Importance is this causal effect; it is neither load nor gate mass.
"""

import time
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from moe_core.interventions.limits import Limits
from moe_core.interventions.packed import Packed, Walk, losses_after, walk
from moe_core.interventions.reroute import without
from moe_core.interventions.resampling import PairedResampling
from moe_core.model.causal_lm import MoEscopeForCausalLM
from moe_core.model.router import Routing

SCOPES = ("all", "chosen")
COLUMNS = ["layer", "expert", "scope", "delta_nats", "low", "high", "control_low", "control_high", "n"]


@dataclass(frozen=True, eq=False)
class Effects:
    """The table `effect`, one row per layer, expert and scope; experts that time did not reach are missing.

    delta_nats: mean rise of the loss when nobody in the layer gets the expert and the next best steps in,
        over all tokens (scope "all") or over those that had chosen it ("chosen").
    low, high: 95 % interval, the same tokens resampled with and without the expert.
    control_low, control_high: 95 % interval of the control: the same tokens, those that had chosen the expert,
        each lose another one of their experts at random. Both sides lose equally many routes, so what lies above
        the control is this expert's own; NaN where tokens have one expert only, so that no other can be lost.
    n: tokens averaged. A token counts with the prediction made after reading it; END's row is one of them.
    """

    table: pd.DataFrame
    complete: bool
    settings: dict


@torch.inference_mode()
def effects(model: MoEscopeForCausalLM, texts: list[list[int]], layers: list[int] | None = None, seed: int = 0,
            limits: Limits | None = None) -> Effects:
    """Remove every expert of these layers (None = all), one at a time, while the model reads these texts."""
    layers = checked_layers(model, layers)
    if model.config.num_experts < 2:
        raise ValueError(f"num_experts must be 2 or more, so that one can be missed, got {model.config.num_experts}")
    limits = limits or Limits()
    over, started = limits.deadline(), time.monotonic()
    packed = Packed(texts, model)
    usual = walk(model, packed)
    doubt = PairedResampling(packed.text_of_row.numpy(), seed)
    asked = [(layer, expert) for layer in layers for expert in range(model.config.num_experts)]
    rows = []
    for done, (layer, expert) in enumerate(asked):
        limits.progress(done, len(asked))
        if over():
            break
        rows += _rows_of_one(model, packed, usual, doubt, layer, expert, seed)
    else:
        limits.progress(len(asked), len(asked))
    settings = {"texts": packed.texts, "tokens": len(packed), "loss": float(usual.losses.mean()), "seed": seed,
                "resampled": doubt.unit, "layers": layers, "seconds": round(time.monotonic() - started, 2),
                "format": str(model.dtype).removeprefix("torch."), "device": "CPU"}
    return Effects(pd.DataFrame(rows, columns=COLUMNS), len(rows) == len(SCOPES) * len(asked), settings)


def _rows_of_one(model: MoEscopeForCausalLM, packed: Packed, usual: Walk, doubt: PairedResampling, layer: int,
                 expert: int, seed: int) -> list[tuple]:
    """Both scopes of one expert."""
    routing = usual.routings[layer]
    chose = (routing.expert_ids == expert).any(1)  # (N,)
    removed = _rise(model, packed, usual, layer, chose, _only(routing, chose, expert))
    control = np.full(len(packed), np.nan)
    if routing.expert_ids.shape[1] > 1:
        control = _rise(model, packed, usual, layer, chose, another(routing, chose, expert, seed))
    rows = []
    for scope, members in zip(SCOPES, (np.ones(len(packed), bool), chose.numpy()), strict=True):
        found, other = doubt.mean(removed, members), doubt.mean(control, members)
        rows.append((layer, expert, scope, *found, other.low, other.high, int(members.sum())))
    return rows


def _rise(model: MoEscopeForCausalLM, packed: Packed, usual: Walk, layer: int, chose: Tensor,
          off: Tensor) -> np.ndarray:
    """How much every row's loss rises (N,) when the rows that chose lose the experts that are off (n, E)."""
    rows = chose.nonzero()[:, 0]
    if not len(rows):
        return np.zeros(len(packed))
    routing = without(_of_rows(usual.routings[layer], rows), off)
    return (losses_after(model, packed, usual, layer, rows, routing) - usual.losses).double().numpy()


def _only(routing: Routing, chose: Tensor, expert: int) -> Tensor:
    off = torch.zeros(int(chose.sum()), routing.logits.shape[1], dtype=torch.bool)
    off[:, expert] = True
    return off


def another(routing: Routing, chose: Tensor, expert: int, seed: int) -> Tensor:
    """For each row that chose the expert, another one of its experts, at random: (n, E)."""
    expert_ids = routing.expert_ids[chose]                                                  # (n, K)
    luck = torch.rand(expert_ids.shape, generator=torch.Generator().manual_seed(seed))
    other = luck.masked_fill(expert_ids == expert, -1).argmax(1, keepdim=True)              # (n, 1) which slot
    off = torch.zeros(len(expert_ids), routing.logits.shape[1], dtype=torch.bool)
    return off.scatter_(1, expert_ids.gather(1, other), True)


def _of_rows(routing: Routing, rows: Tensor) -> Routing:
    return Routing(*(part[rows] for part in routing))


def checked_layers(model: MoEscopeForCausalLM, layers: list[int] | None) -> list[int]:
    """All layers for None, or these; a layer that is not there is refused."""
    count = model.config.num_hidden_layers
    for layer in layers or ():
        if not 0 <= layer < count:
            raise ValueError(f"layer must lie in 0..{count - 1}, got {layer}")
    return list(range(count)) if layers is None else sorted(set(layers))
