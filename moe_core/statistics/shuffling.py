"""Permutation tests: what a number would be if the labels meant nothing.

It shuffles labels between tokens, or between whole texts where a label belongs to a text: the tokens of one
text are alike, and shuffling them one by one would call any difference between two texts significant.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

TEXTS, TOKENS = "texts", "tokens"


class Shuffled(NamedTuple):
    """What chance alone would have given."""

    mean: np.ndarray  # (…)  average over the shuffles
    high: np.ndarray  # (…)  95 % of the shuffles lie at or below
    p: np.ndarray     # (…)  share of shuffles, the real one among them, that reach the real value


def against_shuffles(real: np.ndarray, statistic: Callable[[np.ndarray], np.ndarray],
                     labels: Iterator[np.ndarray]) -> Shuffled:
    """Compare the real values with those of shuffled labels."""
    drawn = np.stack([statistic(shuffled) for shuffled in labels])                  # (shuffles, …)
    reached = (drawn >= real - 1e-12).sum(axis=0)
    return Shuffled(drawn.mean(axis=0), np.quantile(drawn, 0.95, axis=0), (1 + reached) / (1 + len(drawn)))


def unit_of(codes: np.ndarray, texts: np.ndarray) -> str:
    """What may be exchanged: whole texts if no text has two labels and there are several, else tokens."""
    mixed = np.unique(np.stack([texts, codes]), axis=1).shape[1] > len(np.unique(texts))
    return TOKENS if mixed or len(np.unique(texts)) < 2 else TEXTS


def shuffles(codes: np.ndarray, texts: np.ndarray, times: int, seed: int) -> Iterator[np.ndarray]:
    """The labels in other orders; a label that belongs to a text stays with a whole text."""
    rng = np.random.default_rng(seed)
    if unit_of(codes, texts) == TOKENS:
        yield from (rng.permutation(codes) for _ in range(times))
        return
    _, first, of_token = np.unique(texts, return_index=True, return_inverse=True)
    yield from (rng.permutation(codes[first])[of_token] for _ in range(times))
