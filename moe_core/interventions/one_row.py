"""One token's row changes and all others stay: its way through the later layers, many versions side by side.

It does not know which versions those are; regret.py does.
"""

import torch
from torch import Tensor

from moe_core.interventions.packed import experts
from moe_core.model.attention import Rotation, rotate
from moe_core.model.causal_lm import MoEscopeForCausalLM

ROWS_AT_ONCE = 4096  # versions of rows held at a time


def through_later_layers(model: MoEscopeForCausalLM, layer: int, versions: Tensor, usual: list[Tensor],
                         first: int = 0) -> Tensor:
    """Versions (T', P, D) of rows first .. first + T' - 1 after `layer` -> the same after the last layer.

    usual: one text's stream (T, D) after each layer. Rows before a changed row never see the change, so
    their keys and values are the usual ones; the changed row itself reads its own new key and value.
    """
    for later in range(layer + 1, model.config.num_hidden_layers):
        attended = _attend(model, later, versions, usual[later - 1], first)
        versions = experts(model, later, attended.flatten(0, 1)).view_as(versions)
    return versions


def _attend(model: MoEscopeForCausalLM, layer: int, versions: Tensor, before: Tensor, first: int) -> Tensor:
    block = model.model.layers[layer]
    attention, rows = block.attention, len(versions)
    end = first + rows
    rotation = model.model.rotation_at(0, end)
    own_rotation = tuple(table[first:end, None, None] for table in rotation)  # (T', 1, 1, head_width)
    normal = block.attention_norm(versions)
    query = rotate(_heads(attention.query(normal), attention.num_heads), *own_rotation)  # (T', P, H, head_width)
    own_key = rotate(_heads(attention.key(normal), attention.num_heads), *own_rotation)
    own_value = _heads(attention.value(normal), attention.num_heads)
    keys, values = _earlier(block, before[:end], rotation)                                # (S, H, head_width)
    scores = torch.einsum("tphd,shd->tphs", query, keys)
    earlier = torch.arange(end) < torch.arange(first, end)[:, None]                       # (T', S)
    scores = scores.masked_fill(~earlier[:, None, None], -torch.inf)
    own_score = (query * own_key).sum(-1, keepdim=True)                                   # (T', P, H, 1)
    shares = (torch.cat([scores, own_score], -1) * query.shape[-1] ** -0.5).softmax(-1)
    read = torch.einsum("tphs,shd->tphd", shares[..., :-1], values) + shares[..., -1:] * own_value
    return versions + attention.output(read.flatten(-2))


def _earlier(block, before: Tensor, rotation: Rotation) -> tuple[Tensor, Tensor]:
    """Usual keys and values of one text, each (S, H, head_width)."""
    normal, heads = block.attention_norm(before), block.attention.num_heads
    cosine, sine = (table[:, None] for table in rotation)  # (S, 1, head_width)
    keys, values = (_heads(part(normal), heads) for part in (block.attention.key, block.attention.value))
    return rotate(keys, cosine, sine), values


def _heads(hidden: Tensor, heads: int) -> Tensor:
    return hidden.unflatten(-1, (heads, -1))  # (..., D) -> (..., H, head_width)
