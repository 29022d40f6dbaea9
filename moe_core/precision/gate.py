"""The gate: a plan passes when even the upper end of the 95 % interval of its rise of perplexity is tolerable.

Plain arithmetic on losses; it knows neither models nor plans.
"""

from typing import NamedTuple

import numpy as np

from moe_core.statistics.intervals import CONFIDENCE

RESAMPLES = 2000
LARGEST_TOLERANCE = 1.0  # a doubled perplexity; beyond it nothing is gained by asking


class Rise(NamedTuple):
    """How much the perplexity rises, as a share of what it was, with its 95 % interval."""

    delta: float
    low: float
    upper: float

    def passes(self, tolerance: float) -> bool:
        """Whether even the upper end is tolerable; a rise that is no number never is."""
        return bool(self.upper <= tolerance)


def rise(before: np.ndarray, after: np.ndarray, counts: np.ndarray, seed: int = 0) -> Rise:
    """The paired bootstrap over whole texts (Efron 1979): losses summed per text, before and after; tokens per text.

    Tokens of one text lean on each other, so texts are drawn, not tokens.
    """
    before, after, counts = (np.asarray(values, float) for values in (before, after, counts))
    if not before.shape == after.shape == counts.shape or before.ndim != 1 or not before.size:
        raise ValueError(f"losses and counts must be equally long lists, got {before.shape}, {after.shape} and "
                         f"{counts.shape}")
    differences = after - before
    drawn = np.random.default_rng(seed).integers(before.size, size=(RESAMPLES, before.size))
    with np.errstate(over="ignore", invalid="ignore"):
        means = differences[drawn].sum(1) / counts[drawn].sum(1)
        ends = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
        return Rise(*(float(value) for value in np.expm1([differences.sum() / counts.sum(), *ends])))


def check_tolerance(tolerance: float) -> float:
    """The tolerance itself, or a ValueError with what is possible: 0 is, since fp32 changes nothing."""
    if not 0 <= tolerance <= LARGEST_TOLERANCE:
        raise ValueError(f"tolerance must lie in 0%..{LARGEST_TOLERANCE:.0%}, got {tolerance * 100:g}%; "
                         "0% is the smallest that is possible: only fp32 itself is certain to reach it")
    return tolerance
