"""Accuracy, recall and F1 of many guesses at once.

It does not know what was guessed.
"""

from typing import NamedTuple

import numpy as np


class Scores(NamedTuple):
    """Shares of 1; recall and F1 are means over the classes that occur among the truths (macro)."""

    accuracy: float
    recall: float
    f1: float


def scores(truths: np.ndarray, guesses: np.ndarray, classes: int) -> Scores:
    """How good these guesses are: both (n,) integers below `classes`."""
    if not len(truths):
        return Scores(float("nan"), float("nan"), float("nan"))
    right = np.bincount(truths[truths == guesses], minlength=classes)
    true, guessed = np.bincount(truths, minlength=classes), np.bincount(guesses, minlength=classes)
    occurs = true > 0
    recall = right[occurs] / true[occurs]
    f1 = 2 * right[occurs] / (true[occurs] + guessed[occurs])  # = 2PR / (P + R), and 0 where nothing is right
    return Scores(float((truths == guesses).mean()), float(recall.mean()), float(f1.mean()))
