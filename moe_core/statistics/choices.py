"""The routing table as arrays, so that counting a thousand tokens takes no time.

It knows only columns: layer, position, expert, rank, and perhaps `text` where several texts lie in one table.
Every other column that belongs to a token (language, part of speech, token id…) travels along as a label.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

OF_AN_EXPERT = ["layer", "expert", "probability", "weight", "rank"]  # columns that say nothing of the token itself


class Choices(NamedTuple):
    """Which experts each token got; texts in order, each in reading order."""

    layers: np.ndarray    # (L,)       numbers of the layers
    places: pd.DataFrame  # N rows     text, position, token and every label
    ranks: np.ndarray     # (L, N, E)  0 = not chosen, 1 = first choice

    @property
    def chosen(self) -> np.ndarray:
        """(L, N, E) whether the token got the expert at all."""
        return self.ranks > 0

    @property
    def first(self) -> np.ndarray:
        """(L, N) the first choice."""
        return np.argmax(self.ranks == 1, axis=2)

    @property
    def experts(self) -> int:
        return self.ranks.shape[2]

    @property
    def experts_per_token(self) -> int:
        return int(self.ranks.max(initial=0))


def choices_of(routing: pd.DataFrame) -> Choices:
    """The table's ranks as one array; refuses a table in which a token lacks a layer or an expert."""
    if routing.empty:
        raise ValueError("there is no token to count: the routing table is empty")
    table = routing if "text" in routing else routing.assign(text=0)
    order = np.lexsort([table[key].to_numpy() for key in ("expert", "position", "text", "layer")])
    layers, experts = np.unique(table["layer"]), np.unique(table["expert"])
    length, rest = divmod(len(table), len(layers) * len(experts))
    shape = (len(layers), length, len(experts))
    if rest or (table["expert"].to_numpy()[order].reshape(shape) != np.arange(len(experts))).any():
        raise ValueError(f"every token must have one row for each of {len(layers)} layers and experts "
                         f"0..{len(experts) - 1}, got {len(table)} rows")
    of_tokens = table.drop(columns=OF_AN_EXPERT, errors="ignore").iloc[order[: length * len(experts): len(experts)]]
    return Choices(layers, of_tokens.reset_index(drop=True), table["rank"].to_numpy()[order].reshape(shape))


def codes_of(labels: pd.Series) -> tuple[np.ndarray, pd.Index]:
    """Each label as a number, and the labels by number, sorted; a missing label is -1."""
    codes, names = pd.factorize(labels, sort=True)
    return codes, pd.Index(names)


def tally(codes: np.ndarray, experts: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """How often each code met each expert: two lists of equal length -> a table of this size."""
    return np.bincount(codes * size[1] + experts, minlength=size[0] * size[1]).reshape(size)
