"""Causal self-attention with rotary positions and a cache.

Knows nothing of experts.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Rotation = tuple[Tensor, Tensor]  # cosine and sine, each broadcasting to (B, H, T, head_width)


def rotary_table(head_width: int, positions: int, theta: float) -> Rotation:
    """Cosine and sine of every position's angles, each (positions, head_width) (Su et al. 2021, eq. 34)."""
    frequencies = theta ** (-torch.arange(0, head_width, 2).float() / head_width)  # (head_width / 2,)
    angles = torch.outer(torch.arange(positions).float(), frequencies).repeat(1, 2)
    return angles.cos(), angles.sin()


def rotate(heads: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Turn each pair (i, i + half) of a head by its position's angle: (B, H, T, head_width) -> the same."""
    first, second = heads.chunk(2, -1)
    turned = torch.cat((-second, first), -1)
    return heads * cosine.to(heads.dtype) + turned * sine.to(heads.dtype)


class CausalSelfAttention(nn.Module):
    """Each position reads the positions before it (Vaswani et al. 2017, eq. 1)."""

    def __init__(self, width: int, num_heads: int, layer: int):
        super().__init__()
        self.num_heads, self.layer = num_heads, layer
        self.query = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width, bias=False)
        self.output = nn.Linear(width, width, bias=False)

    def forward(self, hidden: Tensor, rotation: Rotation, mask: Tensor | None = None, cache=None) -> Tensor:
        """hidden (B, T, D) -> (B, T, D); rotation broadcasts to (B, H, T, head_width).

        mask (B, 1, T, S) says which of S positions may be read; None = plain causal.
        cache.update(key, value, layer) returns all keys and values so far.
        """
        query = rotate(self._heads(self.query(hidden)), *rotation)  # (B, H, T, head_width)
        key = rotate(self._heads(self.key(hidden)), *rotation)
        value = self._heads(self.value(hidden))
        if cache is not None:
            key, value = cache.update(key, value, self.layer)
        causal = mask is None and query.shape[2] > 1
        read = F.scaled_dot_product_attention(query, key, value, attn_mask=mask, is_causal=causal)
        return self.output(read.transpose(1, 2).reshape(hidden.shape))

    def _heads(self, hidden: Tensor) -> Tensor:
        return hidden.unflatten(-1, (self.num_heads, -1)).transpose(1, 2)  # (B, T, D) -> (B, H, T, head_width)
