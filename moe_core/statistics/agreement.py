"""Where two walks over the same tokens chose the same experts, and where they parted.

It does not know what set the two walks apart: a shorter number format, a switched-off expert, another machine.
"""

import numpy as np
import pandas as pd

from moe_core.statistics.intervals import wilson
from moe_core.tables import margins, token_labels
from moe_core.tracing.trace import RoutingTrace


def agreement_table(a: RoutingTrace, b: RoutingTrace) -> pd.DataFrame:
    """One row per layer and position: layer, position, token, same_choice, overlap, margin, logit_error.

    `same_choice` compares the sets of experts, not their order; `overlap` is the part of them in common;
    `margin` is a's; `logit_error` is the largest |difference| of two logits of one router,
    infinite where one of them overflowed.
    """
    _require_same_walk(a, b)
    layers, length = a.expert_ids.shape[:2]
    shared = (a.expert_ids[:, :, :, None] == b.expert_ids[:, :, None, :]).any(axis=3)  # (L, T, K)
    return pd.DataFrame({
        "layer": np.repeat(np.array(a.layers, np.int64), length),
        "position": np.tile(np.arange(length), layers),
        "token": np.tile(token_labels(a), layers),
        "same_choice": shared.all(axis=2).ravel(),
        "overlap": shared.mean(axis=2).ravel(),
        "margin": margins(a).ravel(),
        "logit_error": _logit_errors(a, b).ravel(),
    })


def flip_table(agreement: pd.DataFrame) -> pd.DataFrame:
    """One row per layer: layer, flips, tokens, share, low, high (95 % Wilson interval; a trace is one text)."""
    flipped = agreement.assign(flipped=~agreement["same_choice"])
    table = flipped.groupby("layer", as_index=False).agg(flips=("flipped", "sum"), tokens=("flipped", "size"))
    low, high = wilson(table["flips"], table["tokens"])
    return table.assign(share=table["flips"] / table["tokens"], low=low, high=high)


def _logit_errors(a: RoutingTrace, b: RoutingTrace) -> np.ndarray:
    if a.logits is None or b.logits is None:
        return np.full(a.expert_ids.shape[:2], np.nan, np.float32)
    with np.errstate(invalid="ignore"):  # an overflowed logit: infinity minus infinity
        error = np.abs(a.logits - b.logits).max(axis=2)  # (L, T, E) -> (L, T)
    return np.where(np.isnan(error), np.inf, error)


def _require_same_walk(a: RoutingTrace, b: RoutingTrace) -> None:
    if not np.array_equal(a.token_ids, b.token_ids):
        raise ValueError("the two traces must have the same tokens, got "
                         f"{len(a.token_ids)} and {len(b.token_ids)} that are not all alike")
    for name in ("layers", "experts", "experts_per_token"):
        if getattr(a, name) != getattr(b, name):
            raise ValueError(f"the two traces must have the same {name}, got {getattr(a, name)} and {getattr(b, name)}")
