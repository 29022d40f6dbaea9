"""What each expert reads most: its favourite tokens, with places in the texts where it read them.

A favourite is a token that picks the expert more often than tokens do on average, not one that is merely frequent.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from moe_core.statistics.choices import choices_of, codes_of, tally
from moe_core.statistics.clusters import effect_of_likeness, likeness
from moe_core.statistics.intervals import wilson

FEWEST = 3    # times an expert must have read a token
CONTEXT = 6   # tokens shown on either side
EXAMPLES = 3


def reads_table(routing: pd.DataFrame, top: int = 10, fewest: int = FEWEST) -> pd.DataFrame:
    """The `top` tokens of every layer and expert: layer, expert, rank, token, chosen, tokens, share, load, lift,
    low, high, examples.

    The expert got `chosen` of a token's `tokens` occurrences; `lift` = (chosen / tokens) / load, where `load` is the
    part of all tokens that it got. Ordered by `low`, the lower end of the lift's 95 % interval, so that a rare token
    must be very faithful to come first, and one of a single text is no surer than its text: the interval allows for
    occurrences in one text being alike. `examples` are (before, token, after).
    """
    choices = choices_of(routing)
    kinds, names = codes_of(choices.places["token"])
    occurrences = np.bincount(kinds)
    cells = _cells(kinds, codes_of(choices.places["text"])[0])
    tables = []
    for layer, chosen in zip(choices.layers, choices.chosen, strict=True):
        place, expert = np.nonzero(chosen)
        counts = tally(kinds[place], expert, (len(names), choices.experts))
        effect = _effect(cells, tally(cells.of_token[place], expert, (len(cells.kinds), choices.experts)))
        tables += [_favourites(Counts(counts[:, expert], occurrences, effect[:, expert], chosen[:, expert].mean()),
                               names, top, fewest)
                   .assign(layer=layer, expert=expert) for expert in range(choices.experts)]
    table = pd.concat(tables, ignore_index=True)
    table["examples"] = _examples(table, choices.places, dict(zip(choices.layers, choices.chosen, strict=True)))
    return table[["layer", "expert", "rank", "token", "chosen", "tokens", "share", "load", "lift", "low", "high",
                  "examples"]]


class Cells(NamedTuple):
    """The pairs of a token and a text in which it occurs."""

    of_token: np.ndarray  # (N,)     the pair that each place belongs to
    kinds: np.ndarray     # (cells,) which token
    trials: np.ndarray    # (cells,) how often it occurs there


class Counts(NamedTuple):
    """What was counted for one expert."""

    chosen: np.ndarray  # (kinds,)
    tokens: np.ndarray  # (kinds,)
    effect: np.ndarray  # (kinds,) so many occurrences are worth one independent one
    load: float


def _cells(kinds: np.ndarray, texts: np.ndarray) -> Cells:
    number = texts.max() + 1
    pairs, of_token, trials = np.unique(kinds * number + texts, return_inverse=True, return_counts=True)
    return Cells(of_token, pairs // number, trials)


def _effect(cells: Cells, chosen: np.ndarray) -> np.ndarray:
    """(kinds, E); single tokens are too rare to tell how alike a text's occurrences are, all together do."""
    return effect_of_likeness(likeness(chosen, cells.trials, cells.kinds), cells.trials, cells.kinds)


def _favourites(counts: Counts, names: pd.Index, top: int, fewest: int) -> pd.DataFrame:
    enough = np.flatnonzero(counts.chosen >= fewest)
    got, of, effect, load = counts.chosen[enough], counts.tokens[enough], counts.effect[enough], counts.load
    low, high = wilson(got / effect, of / effect)
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
