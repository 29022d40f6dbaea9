"""Whether two texts use the experts differently, and whether that is more than chance.

It compares loads, layer by layer; the texts may differ in length and in language.
"""

import numpy as np
import pandas as pd

from moe_core.statistics.choices import choices_of, codes_of
from moe_core.statistics.shuffling import TEXTS, TOKENS, against_shuffles

SHUFFLES = 500
FEWEST_TEXTS = 4  # on each side; with fewer, whole texts cannot be exchanged often enough to tell anything


def divergence_table(a: pd.DataFrame, b: pd.DataFrame, seed: int = 0, permutations: int = SHUFFLES) -> pd.DataFrame:
    """One row per layer: layer, bits, chance, high, p, tokens_a, tokens_b, shuffled.

    `bits` is the Jensen-Shannon divergence of the two loads: 0 = the same, 1 = no expert in common. `chance` and
    `high` are the mean and the 95 % mark when tokens (or whole texts, if each side has at least four) are dealt out
    anew; `p` is the share of deals that part the loads at least as far. Tokens of one text are alike, so with two
    single texts `p` speaks of these two texts, not of all texts of their kind.
    """
    first, second = choices_of(a), choices_of(b)
    if not np.array_equal(first.layers, second.layers) or first.experts != second.experts:
        raise ValueError(f"both texts must have gone through the same layers and experts, got {len(first.layers)} "
                         f"layers of {first.experts} and {len(second.layers)} of {second.experts}")
    several = all(choices.places["text"].nunique() >= FEWEST_TEXTS for choices in (first, second))
    sides = [_units(choices.chosen, codes_of(choices.places["text"])[0] if several else None)
             for choices in (first, second)]
    units, is_a = np.concatenate(sides), np.arange(sum(map(len, sides))) < len(sides[0])

    def bits(in_a: np.ndarray) -> np.ndarray:
        return jensen_shannon(units[in_a].sum(axis=0), units[~in_a].sum(axis=0))

    rng, real = np.random.default_rng(seed), bits(is_a)
    chance = against_shuffles(real, bits, (rng.permutation(is_a) for _ in range(permutations)))
    return pd.DataFrame({
        "layer": first.layers, "bits": real, "chance": chance.mean, "high": chance.high, "p": chance.p,
        "tokens_a": len(first.places), "tokens_b": len(second.places), "shuffled": TEXTS if several else TOKENS})


def jensen_shannon(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Divergence of two loads in bits, last axis = experts; counts or shares."""
    a, b = (counts / counts.sum(axis=-1, keepdims=True) for counts in (a, b))
    middle = (a + b) / 2
    return np.maximum(0, (_relative(a, middle) + _relative(b, middle)) / 2)


def _relative(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    ratio = np.where(p > 0, p, 1) / np.where(p > 0, q, 1)  # 0 · log 0 counts as 0
    return (p * np.log2(ratio)).sum(axis=-1)


def _units(chosen: np.ndarray, texts: np.ndarray | None) -> np.ndarray:
    """What is dealt out: one row per token, or per text; (L, N, E) -> (units, L, E)."""
    tokens = chosen.transpose(1, 0, 2).astype(np.int32)
    if texts is None:
        return tokens
    sums = np.zeros((texts.max() + 1, *tokens.shape[1:]), np.int32)
    np.add.at(sums, texts, tokens)
    return sums
