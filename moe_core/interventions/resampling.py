"""How sure a mean difference is, when the tokens of one text depend on each other: whole texts are resampled.

It does not know experts; differences per row in, a mean with its interval out.
"""

import numpy as np

from moe_core.statistics.intervals import CONFIDENCE, Interval

FEWEST_TEXTS = 20  # below this a resample of texts says little, and single tokens are resampled


class PairedResampling:
    """A paired bootstrap (Efron 1979) whose resamples are drawn once and serve every difference.

    The units are texts (Field & Welsh 2007, cluster bootstrap), or tokens where there are fewer than 20 texts.
    """

    def __init__(self, text_of_row: np.ndarray, seed: int, resamples: int = 2000):
        texts = int(text_of_row.max()) + 1
        self.unit = self.unit_of(texts)
        self._unit_of_row = text_of_row if self.unit == "text" else np.arange(len(text_of_row))
        self._units = texts if self.unit == "text" else len(text_of_row)
        rng = np.random.default_rng(seed)
        drawn = [np.bincount(rng.integers(self._units, size=self._units), minlength=self._units)
                 for _ in range(resamples)]
        self._counts = np.array(drawn, float)  # (resamples, units): how often each unit was drawn

    @staticmethod
    def unit_of(texts: int) -> str:
        """What is resampled when there are so many texts."""
        return "text" if texts >= FEWEST_TEXTS else "token"

    def mean(self, differences: np.ndarray, rows: np.ndarray | None = None) -> Interval:
        """The mean of the differences (N,) over these rows (N,) bool; NaN where there are none."""
        rows = np.ones(len(differences), bool) if rows is None else rows
        if not rows.any():
            return Interval(np.nan, np.nan, np.nan)
        units = self._unit_of_row[rows]
        sums = np.bincount(units, differences[rows], minlength=self._units)
        sizes = np.bincount(units, minlength=self._units)
        taken = self._counts @ sizes
        means = (self._counts @ sums)[taken > 0] / taken[taken > 0]
        low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
        return Interval(float(differences[rows].mean()), float(low), float(high))

    def quantile(self, values: np.ndarray, share: float) -> Interval:
        """The smallest of the values (N,) that at least this share of them does not exceed; infinite ones may be in."""
        order = np.argsort(values, kind="stable")
        taken = self._counts[:, self._unit_of_row[order]].cumsum(1)          # (resamples, N)
        at = (taken < share * taken[:, -1:]).sum(1)
        low, high = np.quantile(values[order][at], [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], method="nearest")
        return Interval(float(np.quantile(values, share, method="inverted_cdf")), float(low), float(high))
