"""Whether two quantities rise together: Spearman's rank correlation with a bootstrap interval.

It does not know what the quantities are.
"""

import numpy as np
from numpy.typing import ArrayLike

from moe_core.statistics.intervals import CONFIDENCE, Interval

FEWEST = 3  # pairs; two always lie on a line


def rank_correlation(a: ArrayLike, b: ArrayLike, seed: int = 0, resamples: int = 2000) -> Interval:
    """Spearman (1904), ties by mean rank; the percentile interval of resampled pairs (Efron 1979).

    NaN where there is nothing to rank: fewer than 3 known pairs, or one side that is all alike.
    """
    pairs = np.column_stack([np.asarray(a, float), np.asarray(b, float)])
    pairs = pairs[~np.isnan(pairs).any(1)]
    if len(pairs) < FEWEST:
        return Interval(np.nan, np.nan, np.nan)
    rng = np.random.default_rng(seed)
    drawn = (_spearman(pairs[rng.integers(len(pairs), size=len(pairs))]) for _ in range(resamples))
    known = [value for value in drawn if not np.isnan(value)]
    if not known:
        return Interval(np.nan, np.nan, np.nan)
    low, high = np.quantile(known, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(_spearman(pairs), float(low), float(high))


def _spearman(pairs: np.ndarray) -> float:
    ranks = np.column_stack([_ranks(side) for side in pairs.T])  # (n, 2)
    ranks -= ranks.mean(0)
    spread = np.sqrt((ranks**2).sum(0).prod())
    return float(ranks.prod(1).sum() / spread) if spread else float("nan")


def _ranks(values: np.ndarray) -> np.ndarray:
    """1 for the smallest; those that are alike share the mean of their places."""
    _, place, alike = np.unique(values, return_inverse=True, return_counts=True)
    return (alike.cumsum() - (alike - 1) / 2)[place]
