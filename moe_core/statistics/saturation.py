"""How much of the final routing a checkpoint of training already had (OLMoE 2024, section 5.1).

It needs traces of the same text through every checkpoint; the last one given is the final model.
"""

from collections.abc import Mapping

import pandas as pd

from moe_core.statistics.agreement import agreement_table
from moe_core.tracing.trace import RoutingTrace


def saturation_table(checkpoints: Mapping[int, RoutingTrace]) -> pd.DataFrame:
    """One row per step and layer: step, layer, share, chance, tokens.

    `share` is the average part of a token's experts that it has in common with the final model's; chance is k/E.
    """
    if not checkpoints:
        raise ValueError("there is no checkpoint to compare")
    final = checkpoints[max(checkpoints)]
    tables = [agreement_table(final, trace).groupby("layer", as_index=False)
              .agg(share=("overlap", "mean"), tokens=("overlap", "size")).assign(step=step)
              for step, trace in sorted(checkpoints.items())]
    chance = final.experts_per_token / final.experts
    return pd.concat(tables, ignore_index=True).assign(chance=chance)[["step", "layer", "share", "chance", "tokens"]]
