"""How the work is shared among the experts of each layer.

It knows only the routing table. Load is how often an expert is used; it is neither gate mass nor importance.
"""

import numpy as np
import pandas as pd

from moe_core.statistics.clusters import wilson_by_text


def load_table(routing: pd.DataFrame) -> pd.DataFrame:
    """One row per layer and expert: layer, expert, share, mean_weight, chance, low, high.

    `share` is the part of a layer's routed slots (tokens times experts per token) that the expert got, so a
    layer's shares sum to 1 and `chance` is 1/E. `mean_weight` counts only the tokens it got; NaN if idle. The 95 %
    interval allows for texts being alike inside where a column `text` names several.
    """
    cells = (routing.assign(chosen=routing["rank"] > 0).groupby(["layer", "expert"], as_index=False)
             .agg(tokens=("chosen", "size"), chosen=("chosen", "sum"), mass=("weight", "sum")))
    in_layer = cells.groupby("layer")
    slots = in_layer["chosen"].transform("sum")
    # A token takes an expert once or not at all: the tokens are the trials, not the slots.
    low, high = _interval(routing)
    experts_per_token = slots / cells["tokens"]
    return pd.DataFrame({
        "layer": cells["layer"], "expert": cells["expert"],
        "share": cells["chosen"] / slots,
        "mean_weight": cells["mass"] / cells["chosen"].where(cells["chosen"] > 0),
        "chance": 1 / in_layer["expert"].transform("size"),
        "low": low / experts_per_token, "high": high / experts_per_token,
    })


def _interval(routing: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """The range of the part of a layer's tokens that took the expert, by layer and expert."""
    if routing.empty:
        return np.empty(0), np.empty(0)
    text = routing["text"] if "text" in routing else np.zeros(len(routing), int)
    counted = (routing["rank"] > 0).groupby([routing["layer"], routing["expert"], text]).agg(["sum", "size"])
    chosen, tokens = (counted[name].unstack(fill_value=0).to_numpy().T for name in counted)  # both (texts, L · E)
    return wilson_by_text(chosen, tokens)
