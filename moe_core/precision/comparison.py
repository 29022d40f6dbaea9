"""Comparison: one text through a model in two precisions, side by side.

Knows nothing of tensors or models, so that the page can hold one before torch is there.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from moe_core.tracing.trace import RoutingTrace

OVERFLOWED = "∞"  # stands where a model has no next token to name, its logits being no numbers


@dataclass(frozen=True, eq=False)
class Comparison:
    """The reference (fp32) and the other precision on the same tokens; row t is what follows token t.

    Where the other's logits overflowed, kl and max_abs_logit_difference are infinite: never NaN.
    """

    reference: RoutingTrace
    other: RoutingTrace
    kl: np.ndarray                         # (T,)  nats, KL(reference || other) of the next-token distributions
    max_abs_logit_difference: np.ndarray   # (T,)  over the vocabulary
    top1_agrees: np.ndarray                # (T,)  whether both name the same likeliest next token
    overflowed: np.ndarray                 # (T,)  whether the other's logits hold an infinity or no number
    greedy_reference: tuple[int, ...]      # token ids of each model's own greedy continuation
    greedy_other: tuple[int, ...]
    settings: dict                         # formats, format, engine, routers, replay, device, new_tokens
    losses: np.ndarray | None = None       # (2, T - 1)  nats, of every token but the first: reference, other

    @property
    def first_divergence(self) -> int | None:
        """Which new token (from 0) is the first that differs or that only one text has; None = same text."""
        pairs = zip(self.greedy_reference, self.greedy_other, strict=False)
        for step, (ours, theirs) in enumerate(pairs):
            if ours != theirs:
                return step
        lengths = len(self.greedy_reference), len(self.greedy_other)
        return None if lengths[0] == lengths[1] else min(lengths)

    @property
    def mean_kl(self) -> float:
        """Nats per token; infinite as soon as one token overflowed."""
        return float(self.kl.mean())

    @property
    def max_abs_logit_difference_overall(self) -> float:
        """The largest difference of any logit at any token."""
        return float(self.max_abs_logit_difference.max())

    @property
    def top1_agreement(self) -> float:
        """Share of tokens after which both name the same next token."""
        return float(self.top1_agrees.mean())

    @property
    def flips(self) -> np.ndarray:
        """(L, T) whether the set of experts changed: a routing flip."""
        return (np.sort(self.reference.expert_ids, -1) != np.sort(self.other.expert_ids, -1)).any(-1)

    @property
    def flip_rate_per_layer(self) -> np.ndarray:
        """(L,) share of tokens that flipped in each layer."""
        return self.flips.mean(1)

    @property
    def any_flip_rate(self) -> float:
        """Share of tokens that flipped in one layer at least."""
        return float(self.flips.any(0).mean())

    @property
    def overflow_rate(self) -> float:
        """Share of tokens at which the other precision ran out of range."""
        return float(self.overflowed.mean())


def outputs_table(comparison: Comparison) -> pd.DataFrame:
    """One row per token: what each precision expects next, and how far apart they are."""
    top_a, top_b = (_likeliest(trace) for trace in (comparison.reference, comparison.other))
    return pd.DataFrame({
        "position": np.arange(len(comparison.kl)),
        "token": [piece.label for piece in comparison.reference.pieces],
        "top_a": top_a,
        "top_b": np.where(comparison.overflowed, OVERFLOWED, top_b),
        "kl": comparison.kl,
        "max_abs_logit_difference": comparison.max_abs_logit_difference,
    })


def _likeliest(trace: RoutingTrace) -> list[str]:
    return [labels[0] for labels in trace.candidate_labels]
