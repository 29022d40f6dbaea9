"""Which experts are chosen together: P(other | expert) over all pairs, not only pairs of neighbouring rank.

It counts sets of chosen experts; which of the two came first it does not look at.
"""

import numpy as np
import pandas as pd

from moe_core.statistics.chance import both_given_loads
from moe_core.statistics.choices import Choices, choices_of, codes_of, tally
from moe_core.statistics.clusters import wilson_by_text


def coactivation_table(routing: pd.DataFrame) -> pd.DataFrame:
    """One row per layer and ordered pair: layer, expert, other, share, chance, uniform, low, high, tokens.

    `share` is the part of the expert's `tokens` that also took the other one; NaN for an idle expert. `chance` is
    what it would be if the layer kept its loads and paired experts as evenly as they allow; `uniform` is
    (k-1)/(E-1), what it would be if the loads were even too. The 95 % interval allows for texts being alike inside.
    """
    choices = choices_of(routing)
    return pd.concat([_of_layer(choices, row) for row in range(len(choices.layers))], ignore_index=True)


def _of_layer(choices: Choices, row: int) -> pd.DataFrame:
    chosen = choices.chosen[row].astype(float)       # (N, E)
    together = np.rint(chosen.T @ chosen)            # (E, E); the diagonal counts each expert's tokens
    tokens, number = np.diag(together), choices.experts
    expert, other = np.nonzero(~np.eye(number, dtype=bool))
    of = tokens[expert]
    known = np.where(of > 0, of, np.nan)
    both = both_given_loads(tokens / len(chosen), choices.experts_per_token)
    low, high = _interval(choices, row)              # both (E, E)
    return pd.DataFrame({
        "layer": choices.layers[row], "expert": expert, "other": other,
        "share": together[expert, other] / known,
        "chance": both[expert, other] * len(chosen) / known,
        "uniform": (choices.experts_per_token - 1) / max(number - 1, 1),
        "low": low[expert, other], "high": high[expert, other], "tokens": of.astype(int),
    })


def _interval(choices: Choices, row: int) -> tuple[np.ndarray, np.ndarray]:
    texts, number = codes_of(choices.places["text"])[0], choices.experts
    together = np.empty((texts.max() + 1, number, number))       # tokens of each text that took both
    for expert in range(number):
        place, other = np.nonzero(choices.chosen[row] & choices.chosen[row][:, expert, None])
        together[:, expert] = tally(texts[place], other, (len(together), number))
    return wilson_by_text(together, together.diagonal(axis1=1, axis2=2)[:, :, None])
