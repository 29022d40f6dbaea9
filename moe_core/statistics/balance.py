"""One line per layer on how fairly its work is shared: worst overload, spread, idle experts.

It speaks of how often experts are used, not of how much they matter.
"""

import numpy as np
import pandas as pd

from moe_core.statistics.choices import Choices, choices_of

DRAWS = 200


def balance_table(routing: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """One row per layer: layer, max_violation, chance, high, entropy, effective, idle, experts, tokens.

    `max_violation` (MaxVio) is (largest load - mean load) / mean load; a fair router has some too when tokens are
    few: `chance` is its mean and `high` its 95 % mark over simulated even routing of as many tokens. `entropy` of
    the load is in nats, `effective` = exp(entropy) the number of equally used experts with that entropy.
    """
    choices = choices_of(routing)
    counts = choices.chosen.sum(axis=1)                        # (L, E)
    share = counts / counts.sum(axis=1, keepdims=True)
    entropy = -(share * np.log(np.where(share > 0, share, 1))).sum(axis=1)
    even = _violations_by_chance(choices, seed)
    return pd.DataFrame({
        "layer": choices.layers, "max_violation": max_violation(counts), "chance": even.mean(),
        "high": np.quantile(even, 0.95), "entropy": entropy, "effective": np.exp(entropy),
        "idle": (counts == 0).sum(axis=1), "experts": choices.experts, "tokens": len(choices.places)})


def max_violation(counts: np.ndarray) -> np.ndarray:
    """(largest load - mean load) / mean load, 0 = balanced (Wang et al. 2024, eq. 4): counts (…, E) -> (…)."""
    return counts.max(axis=-1) / counts.mean(axis=-1) - 1


def _violations_by_chance(choices: Choices, seed: int) -> np.ndarray:
    rng, (tokens, experts) = np.random.default_rng(seed), choices.ranks.shape[1:]
    return np.array([max_violation(_even_loads(rng, tokens, experts, choices.experts_per_token))
                     for _ in range(DRAWS)])


def _even_loads(rng: np.random.Generator, tokens: int, experts: int, per_token: int) -> np.ndarray:
    """Loads when every token draws `per_token` different experts, all sets equally likely."""
    sets = np.argpartition(rng.random((tokens, experts), np.float32), per_token - 1, axis=1)[:, :per_token]
    return np.bincount(sets.ravel(), minlength=experts)
