"""The logit lens: what every layer would say next if it were the last one (nostalgebraist 2020).

The stream after each layer goes through the model's own last norm and head. Knows nothing of pages or files.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from moe_core.tracing.own import LoadedModel

LIKELIEST = 5


@dataclass(frozen=True, eq=False)
class LogitLens:
    """What each layer expected after one token; the last layer says what the model itself says."""

    position: int
    token: str                             # label of the token asked about
    token_ids: np.ndarray                  # (L, C)  likeliest next tokens, best first
    probabilities: np.ndarray              # (L, C)
    labels: tuple[tuple[str, ...], ...]    # (L, C)
    kl: np.ndarray                         # (L,)    nats, KL(the model ‖ this layer)


@torch.no_grad()
def logit_lens(loaded: LoadedModel, token_ids: list[int], position: int, likeliest: int = LIKELIEST) -> LogitLens:
    """Ask every layer about the token at `position`, with END and everything before it in view."""
    if not 0 <= position < len(token_ids):
        raise ValueError(f"position must lie in 0..{len(token_ids) - 1}, got {position}")
    log_chance = lens_logits(loaded, token_ids[:position + 1]).log_softmax(-1)             # (L, V)
    best = log_chance.topk(min(likeliest, log_chance.shape[-1]), -1)
    kl = (log_chance[-1].exp() * (log_chance[-1] - log_chance)).sum(-1)                    # (L, V) -> (L,)
    pieces = loaded.tokenizer.pieces
    labels = tuple(tuple(pieces([token])[0].label for token in row) for row in best.indices.tolist())
    return LogitLens(position, pieces(token_ids[:position + 1])[-1].label, best.indices.numpy(),
                     best.values.exp().numpy(), labels, kl.clamp(min=0).numpy())


def lens_logits(loaded: LoadedModel, token_ids: list[int]) -> Tensor:
    """The logits that every layer's output would give after the last of these tokens: (L, V)."""
    model = loaded.model
    ids = torch.tensor([[model.config.eos_token_id, *token_ids]])
    rotation = model.model.rotation_at(0, ids.shape[1])
    hidden, after = model.model.embed_tokens(ids), []
    for layer in model.model.layers:
        hidden = layer(hidden, rotation)       # (1, T, D)
        after.append(hidden[0, -1])
    return model.lm_head(model.model.norm(torch.stack(after))).float()  # (L, D) -> (L, V)
