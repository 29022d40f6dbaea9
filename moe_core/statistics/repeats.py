"""How often neighbouring tokens meet the same expert (Mixtral 2024, table 5).

It knows neighbours of one text only; the last token of a text and the first of the next are no pair.
"""

import numpy as np
import pandas as pd

from moe_core.statistics import chance
from moe_core.statistics.choices import Choices, choices_of, codes_of
from moe_core.statistics.clusters import wilson_by_text

FIRST, ANY = "first", "any"


def repeats_table(routing: pd.DataFrame) -> pd.DataFrame:
    """Two rows per layer: layer, choice, share, low, high, chance, shuffled, pairs.

    `choice` "first": both tokens have the same first choice, by chance 1/E. "any": they have at least one expert
    in common (Mixtral's "first or second choice"), by chance 1 - C(E-k, k)/C(E, k). `shuffled` is the exact
    expectation if the same tokens stood in random order: above chance where the load is uneven. The 95 % interval
    allows for texts being alike inside.
    """
    choices = choices_of(routing)
    pairs = _neighbours(choices.places)
    texts = codes_of(choices.places["text"])[0][pairs]
    tables = [_table(choices, FIRST, _same_first(choices, pairs), texts, chance.same_first(choices.experts)),
              _table(choices, ANY, _any_in_common(choices, pairs), texts,
                     chance.any_in_common(choices.experts, choices.experts_per_token))]
    return pd.concat(tables).sort_values("layer", kind="stable", ignore_index=True)


def _neighbours(places: pd.DataFrame) -> np.ndarray:
    """Rows whose next row is the next token of the same text."""
    text, position = places["text"].to_numpy(), places["position"].to_numpy()
    return np.flatnonzero((text[1:] == text[:-1]) & (position[1:] == position[:-1] + 1))


def _same_first(choices: Choices, pairs: np.ndarray) -> np.ndarray:
    return choices.first[:, pairs] == choices.first[:, pairs + 1]  # (L, pairs)


def _any_in_common(choices: Choices, pairs: np.ndarray) -> np.ndarray:
    return (choices.chosen[:, pairs] & choices.chosen[:, pairs + 1]).any(axis=2)  # (L, pairs)


def _table(choices: Choices, choice: str, same: np.ndarray, texts: np.ndarray, by_chance: float) -> pd.DataFrame:
    pairs = same.shape[1]
    low, high = _interval(same, texts)
    sets = choices.ranks == 1 if choice == FIRST else choices.chosen  # (L, N, E)
    return pd.DataFrame({
        "layer": choices.layers, "choice": choice,
        "share": same.mean(axis=1) if pairs else np.nan, "low": low, "high": high,
        "chance": by_chance, "shuffled": [_shuffled(layer) for layer in sets], "pairs": pairs,
    })


def _interval(same: np.ndarray, texts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both (L,); same (L, pairs), texts (pairs,)."""
    number = texts.max(initial=0) + 1
    by_text = np.stack([np.bincount(texts, layer, number) for layer in same], axis=1)  # (texts, L)
    return wilson_by_text(by_text, np.bincount(texts, minlength=number)[:, None])


def _shuffled(sets: np.ndarray) -> float:
    """How many of all pairs of different tokens have an expert in common; (N, E) -> a share."""
    kinds, counts = np.unique(sets, axis=0, return_counts=True)
    meet = (kinds.astype(np.float32) @ kinds.T.astype(np.float32)) > 0
    tokens = int(counts.sum())
    return float((counts @ meet @ counts - tokens) / (tokens * (tokens - 1))) if tokens > 1 else np.nan
