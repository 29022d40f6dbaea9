"""One measured line on every expert: the kind of token it prefers most, or that none stands out.

It gives numbers and label names; the page puts them into words.
"""

import pandas as pd

from moe_core.statistics.intervals import CONFIDENCE
from moe_core.statistics.specialisation import specialisation_table

FEWEST = 20  # tokens a label must have to be spoken of
COLUMNS = ["layer", "expert", "kind", "label", "share", "chance", "lift", "low", "high", "part", "chosen", "tokens",
           "compared"]


def portrait_table(routing: pd.DataFrame, kinds: tuple[str, ...], fewest: int = FEWEST) -> pd.DataFrame:
    """One row per layer and expert: layer, expert, kind, label, share, chance, lift, low, high, part, chosen, tokens,
    compared.

    Of the label's `tokens` the expert got `chosen`: `lift` times its usual `share`, with interval `low`..`high`;
    `part` of all that the expert reads has this label. The preference whose lift is most surely above 1 is taken out
    of all `compared` ones, so the intervals are widened (Bonferroni): in 95 of 100 tables by chance not one label
    is named. `kind` and `label` are missing where no preference passes.
    """
    preferences = _preferences(routing, kinds, fewest)
    best = preferences.sort_values("low", ascending=False, kind="stable").drop_duplicates(["layer", "expert"])
    best = best.sort_values(["layer", "expert"], ignore_index=True)
    unsure = ~(best["low"] > 1)
    best.loc[unsure, [*COLUMNS[2:5], *COLUMNS[6:-1]]] = None
    return best[COLUMNS]


def _preferences(routing: pd.DataFrame, kinds: tuple[str, ...], fewest: int) -> pd.DataFrame:
    usable = [_count(routing, kind, fewest) for kind in kinds]
    compared = max(1, sum(usable) * routing["layer"].nunique() * routing["expert"].nunique())
    confidence = 1 - (1 - CONFIDENCE) / compared
    tables = [_of_kind(routing, kind, fewest, confidence) for kind in kinds]
    return pd.concat(tables, ignore_index=True).assign(compared=compared)


def _of_kind(routing: pd.DataFrame, kind: str, fewest: int, confidence: float) -> pd.DataFrame:
    table = specialisation_table(routing, kind, confidence)
    of_expert = table.groupby(["layer", "expert"])["chosen"].transform("sum")
    table = table.assign(kind=kind, part=table["chosen"] / of_expert.where(of_expert > 0),
                         low=table["low"] / table["chance"], high=table["high"] / table["chance"])
    table.loc[(table["tokens"] < fewest) | (table["chance"] == 0), "low"] = float("nan")
    return table


def _count(routing: pd.DataFrame, kind: str, fewest: int) -> int:
    """How many labels of a kind are frequent enough."""
    tokens = routing[(routing["layer"] == routing["layer"].iloc[0]) & (routing["expert"] == 0)]
    return int((tokens[kind].value_counts() >= fewest).sum())
