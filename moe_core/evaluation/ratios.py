"""A sum over documents per token or per byte, and the difference of two, with intervals from resampled documents.

It does not know who measured. Documents are resampled whole: the tokens of one document are alike.
"""

import math
from typing import NamedTuple

import numpy as np

from moe_core.statistics.intervals import CONFIDENCE, Interval

RESAMPLES = 2000


class Resampling:
    """Draws of n documents, made once, so that all sums are compared on the same draws (paired)."""

    def __init__(self, documents: int, seed: int = 0, resamples: int = RESAMPLES):
        if documents < 1:
            raise ValueError(f"at least 1 document is needed, got {documents}")
        self._counts = np.random.default_rng(seed).multinomial(
            documents, np.full(documents, 1 / documents), size=resamples).astype(np.float32)  # (resamples, n)

    def ratio(self, amounts: np.ndarray, sizes: np.ndarray) -> Interval:
        """sum(amounts) / sum(sizes) over all documents, and where 95 % of the draws lie."""
        drawn = (self._counts @ amounts) / (self._counts @ sizes)
        low, high = np.quantile(drawn, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
        return Interval(float(amounts.sum() / sizes.sum()), float(low), float(high))


class Cost(NamedTuple):
    """One system's loss on some documents, both ways of counting."""

    nats: Interval  # per token
    bits: Interval  # per byte


def cost(nats: np.ndarray, tokens: np.ndarray, sizes: np.ndarray, draws: Resampling) -> Cost:
    """From sums per document (n,); with a difference of nats it is the difference of the costs."""
    return Cost(draws.ratio(nats, tokens), draws.ratio(nats / math.log(2), sizes))
