"""What each expert reads most: its favourite tokens, with places in the texts where it read them.

A favourite is a token that picks the expert more often than tokens do on average, not one that is merely frequent.
"""

import numpy as np
import pandas as pd

from moe_core.statistics.choices import choices_of, codes_of, tally
from moe_core.statistics.intervals import wilson

FEWEST = 3    # times an expert must have read a token
CONTEXT = 6   # tokens shown on either side
EXAMPLES = 3


def reads_table(routing: pd.DataFrame, top: int = 10, fewest: int = FEWEST) -> pd.DataFrame:
    """The `top` tokens of every layer and expert: layer, expert, rank, token, chosen, tokens, share, load, lift,
    low, high, examples.

    The expert got `chosen` of a token's `tokens` occurrences; `lift` = (chosen / tokens) / load, where `load` is the
    part of all tokens that it got. Ordered by `low`, the lower end of the lift's 95 % interval, so that a rare token
    must be very faithful to come first. `examples` are (before, token, after).
    """
    choices = choices_of(routing)
    kinds, names = codes_of(choices.places["token"])
    occurrences = np.bincount(kinds)
    tables = []
    for layer, chosen in zip(choices.layers, choices.chosen, strict=True):
        place, expert = np.nonzero(chosen)
        counts = tally(kinds[place], expert, (len(names), choices.experts))
        tables += [_favourites(counts[:, expert], occurrences, names, chosen[:, expert].mean(), top, fewest)
                   .assign(layer=layer, expert=expert) for expert in range(choices.experts)]
    table = pd.concat(tables, ignore_index=True)
    table["examples"] = _examples(table, choices.places, dict(zip(choices.layers, choices.chosen, strict=True)))
    return table[["layer", "expert", "rank", "token", "chosen", "tokens", "share", "load", "lift", "low", "high",
                  "examples"]]


def _favourites(chosen: np.ndarray, tokens: np.ndarray, names: pd.Index, load: float, top: int,
                fewest: int) -> pd.DataFrame:
    enough = np.flatnonzero(chosen >= fewest)
    got, of = chosen[enough], tokens[enough]
    low, high = wilson(got, of)
    table = pd.DataFrame({"token": names[enough], "chosen": got, "tokens": of, "share": got / of, "load": load})
    table = table.assign(lift=table["share"] / load, low=low / load, high=high / load)
    best = table.sort_values(["low", "chosen"], ascending=False, kind="stable").head(top)
    return best.assign(rank=np.arange(1, len(best) + 1))


def _examples(table: pd.DataFrame, places: pd.DataFrame, chosen: dict[int, np.ndarray]) -> list[list[tuple]]:
    tokens, texts = places["token"].to_numpy(), places["text"].to_numpy()
    where = {token: rows.to_numpy() for token, rows in places.index.to_series().groupby(tokens)}

    def of_row(layer: int, expert: int, token: str) -> list[tuple]:
        rows = where[token][chosen[layer][where[token], expert]]
        return [_around(row, tokens, texts) for row in _first_of_each_text(rows, texts)]

    return [of_row(*row) for row in zip(table["layer"], table["expert"], table["token"], strict=True)]


def _first_of_each_text(rows: np.ndarray, texts: np.ndarray) -> np.ndarray:
    """Examples from different texts before several from one."""
    fresh = np.unique(texts[rows], return_index=True)[1]
    return rows[np.concatenate([np.sort(fresh), np.setdiff1d(np.arange(len(rows)), fresh)])][:EXAMPLES]


def _around(row: int, tokens: np.ndarray, texts: np.ndarray) -> tuple[str, str, str]:
    start, end = max(0, row - CONTEXT), row + CONTEXT + 1
    near = np.arange(start, min(end, len(tokens)))
    near = near[texts[near] == texts[row]]
    return "".join(tokens[near[near < row]]), tokens[row], "".join(tokens[near[near > row]])
