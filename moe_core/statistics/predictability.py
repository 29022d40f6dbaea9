"""How far routing follows from the token itself, without its context.

It guesses each first choice from the other half of the texts, and never from the half that holds the token.
"""

import numpy as np
import pandas as pd

from moe_core.statistics.choices import choices_of, codes_of, tally
from moe_core.statistics.clusters import wilson_by_text


def predictability_table(routing: pd.DataFrame, by: str = "token_id", seed: int = 0) -> pd.DataFrame:
    """One row per layer: layer, share, low, high, baseline, baseline_low, baseline_high, seen, share_seen, tokens.

    `share` of first choices is guessed right by the most frequent expert that the same `by` has in the other half
    (of the texts, by lot; of a single text, of its tokens). A token not `seen` there gets that half's most
    frequent expert of all, which for every token alone would be right in `baseline`. `share_seen` counts only seen
    tokens. Two halves and no more, because guesses from nearly the same texts would make the interval too narrow.
    """
    choices = choices_of(routing)
    if by not in choices.places:
        raise ValueError(f"the routing table has no column {by!r}")
    kinds, _ = codes_of(choices.places[by])
    texts, _ = codes_of(choices.places["text"])
    texts = texts if texts.max() > 0 else np.arange(len(texts))
    half = np.random.default_rng(seed).permutation(texts.max() + 1)[texts] % 2
    table = pd.DataFrame([_of_layer(first, kinds, texts, half, choices.experts) for first in choices.first])
    table.insert(0, "layer", choices.layers)
    return table.assign(tokens=len(texts))


def _of_layer(first: np.ndarray, kinds: np.ndarray, texts: np.ndarray, half: np.ndarray, experts: int) -> dict:
    elsewhere, overall = _counts_of_other_half(first, kinds, half, experts)
    # The overall counts, made smaller than one, decide only where the token itself says nothing or is undecided.
    guess = np.argmax(elsewhere + overall / (overall.sum(axis=1, keepdims=True) + 1), axis=1)
    right, plain = guess == first, np.argmax(overall, axis=1) == first
    seen = elsewhere.any(axis=1)
    low, high = _interval(right, texts)
    baseline_low, baseline_high = _interval(plain, texts)
    return {"share": right.mean(), "low": low, "high": high,
            "baseline": plain.mean(), "baseline_low": baseline_low, "baseline_high": baseline_high,
            "seen": seen.mean(), "share_seen": right[seen].mean() if seen.any() else np.nan}


def _counts_of_other_half(first: np.ndarray, kinds: np.ndarray, half: np.ndarray,
                          experts: int) -> tuple[np.ndarray, np.ndarray]:
    """For every token: how often each expert was first choice of the same token, and of any, in the other half."""
    size = (2, kinds.max() + 1, experts)
    counts = tally(half * size[1] + kinds, first, (size[0] * size[1], experts)).reshape(size)
    return counts[1 - half, kinds], counts.sum(axis=1)[1 - half]  # both (N, E)


def _interval(right: np.ndarray, texts: np.ndarray) -> tuple[float, float]:
    low, high = wilson_by_text(np.bincount(texts, right), np.bincount(texts))
    return float(low), float(high)
