"""What routers without preferences would do, by formula: the dashed lines of the figures.

It knows numbers of experts, and loads where a picture asks "given that some experts are simply busier".
"""

from math import comb
from typing import NamedTuple

import numpy as np

CLOSE = 1e-10      # when the fit of the loads has settled
MOST_ROUNDS = 500


def same_first(experts: int) -> float:
    """That two tokens share their first choice."""
    return 1 / experts


def any_in_common(experts: int, per_token: int) -> float:
    """That two tokens share at least one expert: 1 - C(E-k, k) / C(E, k)."""
    return 1 - comb(experts - per_token, per_token) / comb(experts, per_token)


class Used(NamedTuple):
    """How many experts are in use after 1, 2, … tokens, if every set of k is equally likely."""

    mean: np.ndarray  # (T,)
    low: np.ndarray   # (T,)  in 95 of 100 texts the number lies in low..high
    high: np.ndarray  # (T,)


def used_after(tokens: int, experts: int, per_token: int) -> Used:
    """The exact distribution, token by token: j of the next k experts are new with a hypergeometric chance."""
    step = _steps(experts, per_token)
    spread, rows = np.eye(experts + 1)[0], []  # chance of 0..E experts in use; at first none is
    for _ in range(tokens):
        spread = spread @ step
        rows.append(spread)
    below = np.cumsum(rows, axis=1)  # (T, E + 1)
    mean = experts * (1 - (1 - per_token / experts) ** np.arange(1, tokens + 1))
    return Used(mean, (below < 0.025).sum(axis=1), (below < 0.975).sum(axis=1))


def _steps(experts: int, per_token: int) -> np.ndarray:
    step = np.zeros((experts + 1, experts + 1))  # [in use before, in use after]
    for used in range(experts + 1):
        for new in range(min(per_token, experts - used) + 1):
            ways = comb(experts - used, new) * comb(used, per_token - new)
            step[used, used + new] = ways / comb(experts, per_token)
    return step


def both_given_loads(loads: np.ndarray, per_token: int) -> np.ndarray:
    """That a token takes expert i and expert j, (E, E), if sets form as evenly as these loads allow.

    The evenest (maximum entropy) way to draw sets of k with given loads; fitted after Chen, Dempster and Liu (1994).
    """
    certain = loads > 1 - CLOSE
    free = np.flatnonzero((loads > 0) & ~certain)
    left = per_token - int(certain.sum())  # how many of each set are still open
    both = np.outer(loads, loads)          # exact wherever one of the two is certain or idle
    if left > 0:
        both[np.ix_(free, free)] = _pairs(_odds(loads[free], left), left)
    np.fill_diagonal(both, loads)
    return both


def _odds(loads: np.ndarray, left: int) -> np.ndarray:
    """Weights w so that drawing a set with chance ∝ the product of its weights gives every expert its load."""
    odds = loads / (1 - loads)
    for _ in range(MOST_ROUNDS):
        new = loads / _sums(odds, ~np.eye(len(odds), dtype=bool), left - 1)[..., left - 1]
        new /= np.exp(np.log(new).mean())
        if np.abs(np.log(new / odds)).max() < CLOSE:
            break
        odds = new
    return odds


def _pairs(odds: np.ndarray, left: int) -> np.ndarray:
    others = ~np.eye(len(odds), dtype=bool)
    whole = (odds * _sums(odds, others, left - 1)[..., left - 1]).sum() / left
    if left < 2:
        return np.zeros((len(odds), len(odds)))
    without_two = _sums(odds, others[:, None, :] & others[None, :, :], left - 2)[..., left - 2]
    return np.outer(odds, odds) * without_two / whole


def _sums(odds: np.ndarray, members: np.ndarray, order: int) -> np.ndarray:
    """Elementary symmetric sums e_0..e_order of the weights of each group; members (…, E) -> (…, order + 1)."""
    sums = np.zeros((*members.shape[:-1], order + 1))
    sums[..., 0] = 1
    for expert, weight in enumerate(odds):
        sums[..., 1:] += members[..., expert, None] * weight * sums[..., :-1]
    return sums
