"""How the work is shared among the experts of each layer.

It knows only the routing table. Load is how often an expert is used; it is neither gate mass nor importance.
"""

import pandas as pd

from moe_core.statistics.intervals import wilson


def load_table(routing: pd.DataFrame) -> pd.DataFrame:
    """One row per layer and expert: layer, expert, share, mean_weight, chance, low, high.

    `share` is the part of a layer's routed slots (tokens times experts per token) that the expert got, so a
    layer's shares sum to 1 and `chance` is 1/E. `mean_weight` counts only the tokens it got; NaN if idle.
    """
    cells = (routing.assign(chosen=routing["rank"] > 0).groupby(["layer", "expert"], as_index=False)
             .agg(tokens=("chosen", "size"), chosen=("chosen", "sum"), mass=("weight", "sum")))
    in_layer = cells.groupby("layer")
    slots = in_layer["chosen"].transform("sum")
    # A token takes an expert once or not at all: the tokens are the trials, not the slots.
    low, high = wilson(cells["chosen"], cells["tokens"])
    experts_per_token = slots / cells["tokens"]
    return pd.DataFrame({
        "layer": cells["layer"], "expert": cells["expert"],
        "share": cells["chosen"] / slots,
        "mean_weight": cells["mass"] / cells["chosen"].where(cells["chosen"] > 0),
        "chance": 1 / in_layer["expert"].transform("size"),
        "low": low / experts_per_token, "high": high / experts_per_token,
    })
