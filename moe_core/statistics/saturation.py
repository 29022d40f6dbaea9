"""How much of the final routing a checkpoint of training already had (OLMoE 2024, section 5.1).

It needs the choices for the same tokens by every checkpoint and by the finished model.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from moe_core.statistics.clusters import wilson_by_text

COLUMNS = ["step", "layer", "share", "low", "high", "chance", "tokens"]


def saturation_table(checkpoints: Mapping[int, np.ndarray], final: np.ndarray, texts: np.ndarray,
                     layers: tuple[int, ...], experts: int) -> pd.DataFrame:
    """One row per step and layer: step, layer, share, low, high, chance, tokens.

    Choices are (L, N, K), `texts` (N,) says which text each token is in. `share` is the average part of a token's
    experts that it has in common with the final model's, with a 95 % interval that allows for texts being alike
    inside; chance is k/E.
    """
    if not checkpoints:
        raise ValueError("there is no checkpoint to compare")
    per_token, of_texts = final.shape[2], np.bincount(texts)
    rows = []
    for step, chosen in sorted(checkpoints.items()):
        if chosen.shape != final.shape:
            raise ValueError(f"step {step}: choices must have shape {final.shape}, got {chosen.shape}")
        shared = (chosen[:, :, :, None] == final[:, :, None, :]).any(axis=3).sum(axis=2)  # (L, N)
        for layer, common in zip(layers, shared, strict=True):
            low, high = wilson_by_text(np.bincount(texts, common), of_texts * per_token)
            rows.append((step, layer, common.mean() / per_token, float(low), float(high), per_token / experts,
                         len(texts)))
    return pd.DataFrame(rows, columns=COLUMNS)
