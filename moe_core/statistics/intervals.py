"""How far a measured number may lie from the true one, by counting (Wilson) or by resampling (bootstrap).

It does not know what was measured. Both treat the observations as independent; neighbouring tokens of one
text are not quite, so read an interval from a single short text as the least doubt one should have.
"""

from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

CONFIDENCE = 0.95


class Interval(NamedTuple):
    """A measured number with the range that holds the true one."""

    value: float
    low: float
    high: float


def wilson(successes: ArrayLike, trials: ArrayLike, confidence: float = CONFIDENCE) -> tuple[np.ndarray, np.ndarray]:
    """The low and high end of a proportion (Wilson 1927); stays inside 0..1 and works for 0 of n."""
    z2 = NormalDist().inv_cdf((1 + confidence) / 2) ** 2
    successes, trials = np.asarray(successes, float), np.asarray(trials, float)
    if np.any((successes < 0) | (successes > trials)):
        raise ValueError(f"successes must lie in 0..trials, got {successes} of {trials}")
    centre = (successes + z2 / 2) / (trials + z2)
    reach = np.sqrt(z2 * (successes * (trials - successes) / np.maximum(trials, 1) + z2 / 4)) / (trials + z2)
    # Rounding leaves 1e-17 where the ends are exactly 0 and 1.
    return np.where(successes == 0, 0, centre - reach), np.where(successes == trials, 1, centre + reach)


def paired_bootstrap(a: ArrayLike, b: ArrayLike, seed: int, resamples: int = 2000,
                     confidence: float = CONFIDENCE) -> Interval:
    """The mean of b - a over pairs, with the percentile interval of resampled pairs (Efron 1979)."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    if a.shape != b.shape or a.ndim != 1 or not a.size:
        raise ValueError(f"a and b must be equally long lists of numbers, got shapes {a.shape} and {b.shape}")
    differences, rng = b - a, np.random.default_rng(seed)
    means = [differences[rng.integers(a.size, size=a.size)].mean() for _ in range(resamples)]
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(differences.mean()), float(low), float(high))
