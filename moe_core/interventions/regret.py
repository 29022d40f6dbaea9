"""Selection by performance: with hindsight, which experts would have served each token best?

It does not know text. The router's choice is held against every other set of K experts, one token and one layer
at a time: no other token, and no other layer of this token, is told to choose otherwise.
"""

import math
import time
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from moe_core.interventions.choices import END_POSITION
from moe_core.interventions.effect import checked_layers
from moe_core.interventions.hindsight import layer_table
from moe_core.interventions.limits import Limits
from moe_core.interventions.one_row import ROWS_AT_ONCE, through_later_layers
from moe_core.interventions.packed import Packed, Walk, next_token_losses, walk
from moe_core.interventions.resampling import PairedResampling
from moe_core.model.causal_lm import MoEscopeForCausalLM

MOST_SETS = 1000
TOKEN_COLUMNS = ["layer", "text", "position", "chosen", "best", "loss", "best_loss", "mean_loss", "regret", "beaten"]


@dataclass(frozen=True, eq=False)
class Regrets:
    """The router's choice against all others.

    tokens, one row per layer, text and position (-1 = END):
        chosen, best        sets of experts, ascending, joined by "+": the router's and the hindsight best
        loss, best_loss     of the next token, in nats, under those two; mean_loss: averaged over all sets
        regret              loss - best_loss, never below 0
        beaten              the share of the other sets that would have given a lower loss
    layers, one row per layer, means over tokens with 95 % intervals:
        better_share        how often any other set would have given a lower loss; hindsight alone makes this high
        regret              by how much the best set would have
        beaten              0.5 (column chance) is what a router gets that draws its set by lot
        gain                mean_loss - loss: what the router is worth against drawing by lot
        agree, common       how often the router's set is the best one; how much of it is in the best one
    """

    tokens: pd.DataFrame
    layers: pd.DataFrame
    complete: bool   # False: time was over, or somebody said stop; only whole texts are in the tables
    settings: dict


@torch.inference_mode()
def regrets(model: MoEscopeForCausalLM, texts: list[list[int]], layers: list[int] | None = None, seed: int = 0,
            limits: Limits | None = None) -> Regrets:
    """Try every set of K experts for every token in each of these layers (None = all)."""
    layers, sets, limits = checked_layers(model, layers), all_sets(model), limits or Limits()
    over, started = limits.deadline(), time.monotonic()
    packed = Packed(texts, model)
    usual, parts = walk(model, packed), []
    for text in range(packed.texts):
        limits.progress(packed.starts[text], len(packed))
        if over():
            break
        parts += [_of_text(model, packed, usual, sets, layer, text) for layer in layers]
    else:
        limits.progress(len(packed), len(packed))
    tokens = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=TOKEN_COLUMNS)
    settings = {"texts": tokens["text"].nunique(), "tokens": len(tokens) // max(len(layers), 1), "sets": len(sets),
                "experts": model.config.num_experts, "k": model.config.num_experts_per_tok, "seed": seed,
                "layers": layers, "loss": float(usual.losses.mean()),
                "resampled": PairedResampling.unit_of(packed.texts), "seconds": round(time.monotonic() - started, 2),
                "format": str(model.dtype).removeprefix("torch."), "device": "CPU"}
    table = layer_table(tokens, model.config.num_experts, len(sets), seed)
    return Regrets(tokens, table, settings["texts"] == packed.texts, settings)


def all_sets(model: MoEscopeForCausalLM) -> Tensor:
    """Every set of K experts, ascending: (P, K)."""
    experts, k = model.config.num_experts, model.config.num_experts_per_tok
    if math.comb(experts, k) > MOST_SETS:
        raise ValueError(f"the number of sets of {k} of {experts} experts must lie in 1..{MOST_SETS}, "
                         f"got {math.comb(experts, k)}")
    return torch.tensor(list(combinations(range(experts), k)))


def set_losses(model: MoEscopeForCausalLM, packed: Packed, usual: Walk, sets: Tensor, layer: int, text: int) -> Tensor:
    """The next-token loss of every row of one text under every set: (T, P)."""
    begin, end = packed.starts[text], packed.starts[text + 1]
    after = [stream[begin:end] for stream in usual.after]
    at_once = max(1, ROWS_AT_ONCE // len(sets))
    losses = []
    for first in range(0, end - begin, at_once):
        rows = slice(begin + first, min(begin + first + at_once, end))
        versions = _versions(model, layer, usual.attended[layer][rows], usual.routings[layer].logits[rows], sets)
        stream = through_later_layers(model, layer, versions, after, first).flatten(0, 1)      # (T' * P, D)
        targets = packed.targets[rows].repeat_interleave(len(sets))
        losses.append(next_token_losses(model, stream, targets).view(-1, len(sets)))
    return torch.cat(losses)


def _versions(model: MoEscopeForCausalLM, layer: int, attended: Tensor, logits: Tensor, sets: Tensor) -> Tensor:
    """The stream of each row after the layer under every set: (T, D), (T, E) -> (T, P, D)."""
    moe, normal = model.model.layers[layer].moe, model.model.layers[layer].moe_norm(attended)
    outputs = torch.stack([moe.experts.one(expert, normal) for expert in range(logits.shape[1])], 1)  # (T, E, D)
    counts = logits.new_zeros(len(logits), len(sets), logits.shape[1])
    counts.scatter_(2, sets.expand(len(logits), -1, -1), logits[:, sets].softmax(-1))  # (T, P, E), zero outside the set
    combined = counts.to(outputs.dtype) @ outputs                                      # (T, P, D)
    if moe.shared is not None:
        combined = combined + moe.shared(normal).unsqueeze(1)
    return attended.unsqueeze(1) + combined


def _of_text(model: MoEscopeForCausalLM, packed: Packed, usual: Walk, sets: Tensor, layer: int,
             text: int) -> pd.DataFrame:
    """The rows of one text and layer in the table of tokens."""
    losses = set_losses(model, packed, usual, sets, layer, text).double().numpy()            # (T, P)
    rows = slice(packed.starts[text], packed.starts[text + 1])
    chosen_ids = usual.routings[layer].expert_ids[rows].sort(1).values                       # (T, K)
    chosen = (sets == chosen_ids.unsqueeze(1)).all(2).int().argmax(1).numpy()                # (T,) which set
    best, row = losses.argmin(1), np.arange(len(losses))
    names = np.array(["+".join(map(str, members)) for members in sets.tolist()], object)
    loss, best_loss = losses[row, chosen], losses[row, best]
    return pd.DataFrame(dict(zip(TOKEN_COLUMNS, (
        layer, text, row + END_POSITION, names[chosen], names[best], loss, best_loss, losses.mean(1), loss - best_loss,
        (losses < loss[:, None]).sum(1) / max(len(sets) - 1, 1)), strict=True)))
