"""How many experts are in use after reading so many tokens; explains why a short prompt leaves many idle.

It reads the texts in their order in the table.
"""

import numpy as np
import pandas as pd

from moe_core.statistics.chance import used_after
from moe_core.statistics.choices import choices_of

MOST_POINTS = 200  # of the curve; beyond, the token counts are spaced evenly in their logarithm


def coverage_table(routing: pd.DataFrame) -> pd.DataFrame:
    """One row per layer and number of tokens read: layer, tokens, used, chance, low, high, shuffled, experts.

    `chance` is the exact expectation, and `low`..`high` the exact 95 % range, if every set of k experts were equally
    likely. `shuffled` is the exact expectation if the same tokens came in random order: where `used` lies below it,
    neighbouring tokens share experts; where it lies below `chance`, the load is uneven.
    """
    choices = choices_of(routing)
    length = len(choices.places)
    read = np.unique(np.rint(np.geomspace(1, length, min(length, MOST_POINTS))).astype(int))
    even = used_after(length, choices.experts, choices.experts_per_token)
    chosen = choices.chosen
    met_at = np.where(chosen.any(axis=1), chosen.argmax(axis=1), length)  # (L, E) where each expert is first met
    tables = [pd.DataFrame({
        "layer": layer, "tokens": read, "used": (met[None] < read[:, None]).sum(axis=1),
        "chance": even.mean[read - 1], "low": even.low[read - 1], "high": even.high[read - 1],
        "shuffled": _shuffled(of_layer.sum(axis=0), length, read), "experts": choices.experts,
    }) for layer, met, of_layer in zip(choices.layers, met_at, chosen, strict=True)]
    return pd.concat(tables, ignore_index=True)


def _shuffled(tokens: np.ndarray, length: int, read: np.ndarray) -> np.ndarray:
    """Σ over experts of 1 - C(N - n, t) / C(N, t): some token of the expert is among the first t."""
    log_factorial = np.concatenate([[0], np.cumsum(np.log(np.arange(1, length + 1)))])
    others, read = (length - tokens)[:, None], read[None]                     # (E, 1), (1, points)
    rest = np.maximum(others - read, 0)
    log_none = (log_factorial[others] - log_factorial[rest]
                + log_factorial[length - read] - log_factorial[length])
    return (1 - np.where(others >= read, np.exp(log_none), 0)).sum(axis=0)
