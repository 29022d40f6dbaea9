"""What the regrets of many tokens say together: tables per layer and per expert, and one small file of them.

It does not know the model, nor torch; `tokens` is the table of regret.py.
"""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from moe_core.interventions.recording import RecordingError
from moe_core.interventions.resampling import PairedResampling

LAYER_COLUMNS = ["layer", "n", "better_share", "better_low", "better_high", "regret", "low", "high",
                 "beaten", "beaten_low", "beaten_high", "chance", "gain", "gain_low", "gain_high",
                 "agree", "agree_low", "agree_high", "agree_chance",
                 "common", "common_low", "common_high", "common_chance"]
EXPERT_COLUMNS = ["layer", "expert", "learned", "hindsight", "difference", "low", "high", "chance", "n"]
EXAMPLE_COLUMNS = ["layer", "text", "position", "token", "chosen", "best", "loss", "best_loss", "regret"]
EXAMPLES = 5  # of each layer


class Hindsight(NamedTuple):
    """The learned router's choice beside the choice by performance."""

    layers: pd.DataFrame    # LAYER_COLUMNS
    experts: pd.DataFrame   # EXPERT_COLUMNS
    examples: pd.DataFrame  # EXAMPLE_COLUMNS: the most regretted choices
    settings: dict


def layer_table(tokens: pd.DataFrame, experts: int, sets: int, seed: int) -> pd.DataFrame:
    """One row per layer: means over tokens with 95 % bootstrap intervals (see regret.Regrets), and beside chance

    agree     how often the router's set is the hindsight best one; chance 1 / number of sets
    common    which part of the router's experts is in the hindsight best set; chance k / E
    """
    rows = []
    for layer, found in tokens.groupby("layer"):
        doubt = PairedResampling(found["text"].to_numpy(), seed)
        chosen, best = memberships(found["chosen"], experts), memberships(found["best"], experts)
        values = {"better": found["regret"] > 0, "regret": found["regret"], "beaten": found["beaten"],
                  "gain": found["mean_loss"] - found["loss"], "agree": (chosen == best).all(1),
                  "common": (chosen & best).sum(1) / chosen.sum(1)}
        better, regret, beaten, gain, agree, common = (
            doubt.mean(np.asarray(value, float)) for value in values.values())
        rows.append((layer, len(found), *better, *regret, *beaten, 0.5, *gain, *agree, 1 / sets, *common,
                     chosen.sum() / len(chosen) / experts))
    return pd.DataFrame(rows, columns=LAYER_COLUMNS)


def expert_table(tokens: pd.DataFrame, experts: int, seed: int) -> pd.DataFrame:
    """One row per layer and expert: its load by the learned router and by hindsight, as shares of the slots.

    `difference` = hindsight - learned with its paired 95 % interval: above 0, the router uses the expert too little.
    """
    rows = []
    for layer, found in tokens.groupby("layer"):
        doubt = PairedResampling(found["text"].to_numpy(), seed)
        chosen, best = memberships(found["chosen"], experts), memberships(found["best"], experts)
        k = chosen.sum() / len(chosen)
        for expert in range(experts):
            change = doubt.mean((best[:, expert].astype(float) - chosen[:, expert]) / k)
            rows.append((layer, expert, chosen[:, expert].mean() / k, best[:, expert].mean() / k, *change, 1 / experts,
                         len(found)))
    return pd.DataFrame(rows, columns=EXPERT_COLUMNS)


def worst_choices(tokens: pd.DataFrame, labels: list[list[str]], most: int = EXAMPLES) -> pd.DataFrame:
    """The most regretted choices of every layer; labels: what each text's tokens read, END not among them."""
    worst = tokens.sort_values("regret", ascending=False).groupby("layer").head(most).sort_values(
        ["layer", "regret"], ascending=[True, False], ignore_index=True)
    read = [labels[text][position] if position >= 0 else "END"
            for text, position in zip(worst["text"], worst["position"], strict=True)]
    return worst.assign(token=pd.Series(read, dtype=object))[EXAMPLE_COLUMNS]


def memberships(names: pd.Series, experts: int) -> np.ndarray:
    """Sets written as "0+3" -> which experts are in them: (N, E)."""
    known, which = np.unique(names.to_numpy(str), return_inverse=True)
    members = np.zeros((len(known), experts), bool)
    for row, name in enumerate(known):
        members[row, [int(expert) for expert in name.split("+")]] = True
    return members[which]


def save(found: Hindsight, path: Path) -> Path:
    """Write all of it as JSON; numbers to six digits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    body = {name: _rows(table) for name, table in found._asdict().items() if name != "settings"}
    path.write_text(json.dumps(body | {"settings": found.settings}, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def load(path: Path) -> Hindsight:
    """Read it back."""
    try:
        body = json.loads(Path(path).read_text(encoding="utf-8"))
        layers, experts = (pd.DataFrame(body[name], columns=columns).astype(float).astype(
            {column: int for column in ("layer", "expert", "n") if column in columns})
            for name, columns in (("layers", LAYER_COLUMNS), ("experts", EXPERT_COLUMNS)))
        examples = pd.DataFrame(body["examples"], columns=EXAMPLE_COLUMNS)
        return Hindsight(layers, experts, examples, dict(body["settings"]))
    except OSError as error:
        raise RecordingError(f"{path} cannot be read ({error.strerror})") from None
    except (ValueError, KeyError, TypeError) as error:
        raise RecordingError(f"{path} holds no measured regret ({error})") from None


def _rows(table: pd.DataFrame) -> list[dict]:
    rounded = table.map(lambda value: float(f"{value:.6g}") if isinstance(value, float) else value)
    return rounded.astype(object).where(rounded.notna(), None).to_dict("records")
