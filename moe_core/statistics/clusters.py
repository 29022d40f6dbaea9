"""Intervals for tokens that come in texts: neighbours are alike, so a text is worth fewer tokens than it has.

It does not know what was counted. With one text it can only fall back on treating the tokens as independent; with
fewer than ten texts the intervals are still somewhat narrow, for so few hardly tell how different texts are.
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
    """Variance of the proportion over texts (ratio estimator) against that of independent tokens; at least 1.

    Where texts cannot tell (all tokens alike, or all in one text of several) a text counts as one token.
    """
    trials = np.broadcast_to(trials, successes.shape)
    texts = (trials > 0).sum(axis=0)
    of = np.maximum(trials.sum(axis=0), 1)
    share = successes.sum(axis=0) / of
    between = ((successes - share * trials) ** 2).sum(axis=0) * texts / np.maximum(texts - 1, 1)
    expected = of * share * (1 - share)
    told = np.maximum(1, between / np.where(expected > 0, expected, 1))
    untold = of / np.maximum(texts, 1) if len(trials) > 1 else 1.0
    return np.where((texts > 1) & (expected > 0), told, untold)


def likeness(successes: np.ndarray, trials: np.ndarray, kinds: np.ndarray) -> np.ndarray:
    """How alike tokens of one kind and one text are, pooled over kinds: intraclass correlation, 0..1, one per column.

    Rows are pairs of a kind and a text: successes (rows, …), trials (rows,), kinds (rows,). It says how much more often
    two tokens of one kind agree within a text than across texts; for kinds too rare to tell by themselves.
    """
    of, got = _summed(trials, kinds), _summed(successes, kinds)                            # (kinds,), (kinds, …)
    within, meet = _summed(trials * (trials - 1), kinds), _summed(successes * (successes - 1), kinds)
    across = of * (of - 1) - within
    telling = (within > 0) & (across > 0)
    of, got, within, meet, across = (counted[telling] for counted in (of, got, within, meet, across))
    of, within, across = (counted.reshape(-1, *[1] * (successes.ndim - 1)) for counted in (of, within, across))
    by_luck = (got * (got - 1) - meet) / across
    most = (within * (got / of - by_luck)).sum(axis=0)
    return np.clip((meet - within * by_luck).sum(axis=0) / np.where(most > 0, most, np.inf), 0, 1)


def effect_of_likeness(alike: np.ndarray, trials: np.ndarray, kinds: np.ndarray) -> np.ndarray:
    """The design effect of each kind, (kinds, …), given how alike its tokens are in one text (Kish 1965)."""
    per_text = _summed(trials**2, kinds) / _summed(trials, kinds)  # tokens of the kind in the text of one of them
    return 1 + np.multiply.outer(per_text - 1, alike)


def _summed(counts: np.ndarray, kinds: np.ndarray) -> np.ndarray:
    total = np.zeros((kinds.max() + 1, *counts.shape[1:]))
    np.add.at(total, kinds, counts)
    return total
