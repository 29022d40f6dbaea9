"""Whether experts prefer some kinds of tokens: any label column against the choice of expert.

It does not know what a label means: a language, a part of speech, a token id, a place in the text.
"""

import numpy as np
import pandas as pd

from moe_core.statistics.choices import Choices, choices_of, codes_of, tally
from moe_core.statistics.clusters import wilson_by_text
from moe_core.statistics.intervals import CONFIDENCE
from moe_core.statistics.shuffling import against_shuffles, shuffles, unit_of

SHUFFLES = 200


def specialisation_table(routing: pd.DataFrame, label: str, confidence: float = CONFIDENCE) -> pd.DataFrame:
    """One row per layer, label and expert: layer, label, expert, share, chance, lift, low, high, chosen, tokens.

    `share` is the part of the label's routed slots (tokens times experts per token) that the expert got; shares of
    a label in a layer sum to 1. `chance` is the expert's share of all labelled slots, which is what the label would
    get if it did not matter; `lift` is share / chance. The interval allows for texts being alike inside.
    """
    choices, codes, names = labelled(routing, label)
    texts, _ = codes_of(choices.places["text"])
    trials = tally(texts, codes, (texts.max() + 1, len(names)))[:, :, None]               # (texts, labels, 1)
    tables = [_of_layer(choices, row, codes, texts, trials, confidence) for row in range(len(choices.layers))]
    columns = {name: np.concatenate([table[name].ravel() for table in tables]) for name in tables[0]}
    index = pd.MultiIndex.from_product([choices.layers, names, range(choices.experts)],
                                       names=["layer", "label", "expert"])
    return pd.DataFrame(columns, index=index).reset_index()


def mutual_information_table(routing: pd.DataFrame, label: str, seed: int = 0,
                             permutations: int = SHUFFLES) -> pd.DataFrame:
    """One row per layer: layer, bits, chance, high, p, label_bits, tokens, shuffled.

    `bits` is what the first choice of expert tells about the label; `label_bits` is all there is to know. Counting
    few tokens gives some bits for nothing: `chance` is their mean, and `high` their 95 % mark, over permuted labels;
    `shuffled` says whether labels moved between tokens or, where a label belongs to a text, between texts.
    """
    choices, codes, names = labelled(routing, label)
    texts, _ = codes_of(choices.places["text"])
    size = (len(names), choices.experts)

    def bits(labels: np.ndarray) -> np.ndarray:
        return np.array([information(tally(labels, first, size)) for first in choices.first])

    real = bits(codes)
    chance = against_shuffles(real, bits, shuffles(codes, texts, permutations, seed))
    return pd.DataFrame({
        "layer": choices.layers, "bits": real, "chance": chance.mean, "high": chance.high, "p": chance.p,
        "label_bits": entropy(np.bincount(codes)), "tokens": len(codes), "shuffled": unit_of(codes, texts)})


def labelled(routing: pd.DataFrame, label: str) -> tuple[Choices, np.ndarray, pd.Index]:
    """The choices of all tokens that have this label, the labels as numbers, and their names."""
    if label not in routing:
        raise ValueError(f"the routing table has no column {label!r}")
    choices = choices_of(routing[routing[label].notna()])
    return choices, *codes_of(choices.places[label])


def information(counts: np.ndarray) -> float:
    """Mutual information of rows and columns of a table of counts, in bits."""
    return max(0.0, entropy(counts.sum(axis=1)) + entropy(counts.sum(axis=0)) - entropy(counts.ravel()))


def entropy(counts: np.ndarray) -> float:
    """In bits; nothing counted gives 0."""
    share = counts[counts > 0] / max(counts.sum(), 1)
    return float(-(share * np.log2(share)).sum())


def _of_layer(choices: Choices, row: int, codes: np.ndarray, texts: np.ndarray, trials: np.ndarray,
              confidence: float) -> dict[str, np.ndarray]:
    """Each (labels, experts)."""
    number, labels = choices.experts, trials.shape[1]
    place, expert = np.nonzero(choices.chosen[row])
    by_text = tally(texts[place] * labels + codes[place], expert, (len(trials) * labels, number))
    by_text = by_text.reshape(len(trials), labels, number)
    chosen, slots = by_text.sum(axis=0), by_text.sum(axis=(0, 2))
    share, chance = chosen / slots[:, None], chosen.sum(axis=0) / chosen.sum()
    low, high = wilson_by_text(by_text, trials, confidence)
    per_token = (slots / trials.sum(axis=(0, 2)))[:, None]
    return {"share": share, "chance": np.broadcast_to(chance, share.shape),
            "lift": share / np.where(chance > 0, chance, np.nan),
            "low": low / per_token, "high": high / per_token,
            "chosen": chosen, "tokens": np.broadcast_to(trials.sum(axis=0), share.shape)}
