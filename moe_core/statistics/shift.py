"""How a prediction moved: the likeliest next tokens of two distributions, side by side.

It does not know why they differ, nor what the token ids spell.
"""

import numpy as np
import pandas as pd

COLUMNS = ["token_id", "before", "after"]


def shift_table(before: np.ndarray, after: np.ndarray, most: int = 8) -> pd.DataFrame:
    """The tokens that either side (V,) finds likeliest, in the order of `before`; the lowest id first on a tie."""
    if before.shape != after.shape or before.ndim != 1:
        raise ValueError(f"before and after must be equally long lists, got shapes {before.shape} and {after.shape}")
    likeliest = np.argsort(-np.maximum(before, after), kind="stable")[:most]
    likeliest = likeliest[np.lexsort((likeliest, -before[likeliest]))]
    return pd.DataFrame({"token_id": likeliest, "before": before[likeliest], "after": after[likeliest]})[COLUMNS]


def divergence(before: np.ndarray, after: np.ndarray) -> float:
    """KL(before ‖ after) in nats; infinite where `after` rules out what `before` expects."""
    likely = before > 0
    with np.errstate(divide="ignore"):
        return float(max((before[likely] * (np.log(before[likely]) - np.log(after[likely]))).sum(), 0))
