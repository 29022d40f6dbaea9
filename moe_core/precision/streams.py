"""How rounding errors grow from layer to layer: the residual stream in a short format beside fp32's.

Knows nothing of texts.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from moe_core.interventions.resampling import PairedResampling
from moe_core.model.causal_lm import MoEscopeForCausalLM
from moe_core.precision.cast import cast
from moe_core.precision.compare import Replay
from moe_core.precision.steps import Step, growing
from moe_core.tracing.watch import Recorder, Watcher, watching


@torch.inference_mode()
def streams(model: MoEscopeForCausalLM, token_ids: list[int], *watchers: Watcher) -> Tensor:
    """The residual stream behind every layer, END's row left out: (L, T, D) fp32."""
    decoder, kept = model.model, []
    token_ids = [model.config.eos_token_id, *token_ids]
    hidden, rotation = decoder.embed_tokens(torch.tensor([token_ids])), decoder.rotation_at(0, len(token_ids))
    with watching(*watchers):
        for layer in decoder.layers:
            hidden = layer(hidden, rotation)
            kept.append(hidden[0, 1:].float())
    return torch.stack(kept)


def growth_steps(model: MoEscopeForCausalLM, token_ids: list[int], format: str, engine: str,
                 routers: str = "short") -> Iterator[Step]:
    """One row per layer, first with routes of its own, then with fp32's: layer, replay, error, low, high, flips, n.

    error = |h' - h| / |h| of every token's stream, on average; infinite where the format overflowed.
    """
    heard = Recorder()
    exact, other = streams(model, token_ids, heard), cast(model, format, engine, routers)
    usual = [routing.expert_ids[1:].sort(-1).values for routing in heard.routings]
    doubt = PairedResampling(np.zeros(len(token_ids), int), seed=0)

    def rows():
        for replay in (False, True):
            chose = Recorder()
            watchers = (Replay(heard, len(usual)), chose) if replay else (chose,)
            errors = relative_errors(exact, streams(other, token_ids, *watchers))      # (L, T)
            flips = [(ours != theirs.expert_ids[1:].sort(-1).values).any(-1).sum()
                     for ours, theirs in zip(usual, chose.routings, strict=True)]
            yield [_row(layer, replay, error, int(flipped), doubt)
                   for layer, (error, flipped) in enumerate(zip(errors, flips, strict=True))]

    return growing(rows(), 2)


def relative_errors(exact: Tensor, other: Tensor) -> np.ndarray:
    """|other - exact| / |exact| of every row: (L, T, D), (L, T, D) -> (L, T); infinite instead of no number."""
    found = (other.double() - exact.double()).norm(dim=-1) / exact.double().norm(dim=-1)
    return found.nan_to_num(nan=torch.inf, posinf=torch.inf).numpy()


def _row(layer: int, replay: bool, error: np.ndarray, flips: int, doubt: PairedResampling) -> dict:
    value, low, high = doubt.mean(error) if np.isfinite(error).all() else (np.inf, np.nan, np.nan)
    return {"layer": layer, "replay": replay, "error": value, "low": low, "high": high, "flips": flips,
            "n": len(error)}
