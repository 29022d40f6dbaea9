"""Intervals for tokens that come in texts: neighbours are alike, so a text is worth fewer tokens than it has.

It does not know what was counted. With one text it can only fall back on treating the tokens as independent.
"""

import numpy as np

from moe_core.statistics.intervals import CONFIDENCE, wilson


def wilson_by_text(successes: np.ndarray, trials: np.ndarray,
                   confidence: float = CONFIDENCE) -> tuple[np.ndarray, np.ndarray]:
    """The low and high end of a proportion counted per text; both arrays (texts, …), broadcast together.

    Wilson's interval on n / d tokens, where the design effect d ≥ 1 says how much more the proportion varies
    between texts than independent tokens would (Kish 1965).
    """
    got, of = successes.sum(axis=0), np.broadcast_to(trials, successes.shape).sum(axis=0)
    effect = design_effect(successes, trials)
    return wilson(got / effect, of / effect, confidence)


def design_effect(successes: np.ndarray, trials: np.ndarray) -> np.ndarray:
    """Variance of the proportion over texts (ratio estimator) against that of independent tokens; at least 1."""
    trials = np.broadcast_to(trials, successes.shape)
    texts = (trials > 0).sum(axis=0)
    of = np.maximum(trials.sum(axis=0), 1)
    share = successes.sum(axis=0) / of
    between = ((successes - share * trials) ** 2).sum(axis=0) * texts / np.maximum(texts - 1, 1)
    expected = of * share * (1 - share)
    return np.where((texts > 1) & (expected > 0), np.maximum(1, between / np.where(expected > 0, expected, 1)), 1)
