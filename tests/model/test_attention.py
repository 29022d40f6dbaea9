"""Each position reads itself and what stands before it, weighed by rotated keys."""

import pytest
import torch
from torch import nn
from transformers import GraniteMoeSharedConfig
from transformers.models.granitemoeshared.modeling_granitemoeshared import (
    GraniteMoeSharedRotaryEmbedding,
    apply_rotary_pos_emb,
)

from moe_core.model.attention import CausalSelfAttention, rotary_table, rotate


class GrowingCache:
    """The least that attention asks of a cache."""

    def __init__(self):
        self.parts = {}

    def update(self, key, value, layer):
        before = self.parts.get(layer)
        self.parts[layer] = (key, value) if before is None else tuple(
            torch.cat(pair, 2) for pair in zip(before, (key, value), strict=True))
        return self.parts[layer]


@pytest.fixture
def attention():
    torch.manual_seed(0)
    attention = CausalSelfAttention(width=8, num_heads=2, layer=3)
    for parameter in attention.parameters():
        nn.init.normal_(parameter)
    return attention


def rotation(length, start=0):
    return tuple(table[start:start + length] for table in rotary_table(4, 32, 10000.0))


def by_definition(attention, hidden):
    """Loops over heads and positions (Vaswani et al. 2017, eq. 1)."""
    cosine, sine = rotation(len(hidden))
    query, key, value = (part(hidden) for part in (attention.query, attention.key, attention.value))  # (T, D)
    heads = []
    for columns in (slice(0, 4), slice(4, 8)):
        rows = []
        for now in range(len(hidden)):
            turned = rotate(query[now, columns], cosine[now], sine[now])
            scores = torch.stack([turned @ rotate(key[past, columns], cosine[past], sine[past]) / 2
                                  for past in range(now + 1)])  # 2 = √head width
            rows.append(scores.softmax(0) @ value[:now + 1, columns])
        heads.append(torch.stack(rows))
    return attention.output(torch.cat(heads, -1))


def test_it_is_the_definition(attention):
    hidden = torch.randn(2, 6, 8)
    expected = torch.stack([by_definition(attention, row) for row in hidden])
    torch.testing.assert_close(attention(hidden, rotation(6)), expected, rtol=1e-4, atol=1e-5)


def test_changing_a_later_token_changes_nothing_before_it(attention):
    hidden = torch.randn(1, 6, 8)
    changed = hidden.clone()
    changed[0, 4:] = torch.randn(2, 8)
    before, after = attention(hidden, rotation(6)), attention(changed, rotation(6))
    assert torch.equal(before[0, :4], after[0, :4])
    assert not torch.allclose(before[0, 4:], after[0, 4:])


def test_with_a_cache_it_reads_the_same(attention):
    hidden, cache = torch.randn(1, 6, 8), GrowingCache()
    first = attention(hidden[:, :3], rotation(3), cache=cache)
    later = [attention(hidden[:, now:now + 1], rotation(1, now), cache=cache) for now in (3, 4, 5)]
    torch.testing.assert_close(torch.cat([first, *later], 1), attention(hidden, rotation(6)))
    assert list(cache.parts) == [3]


def test_a_mask_decides_what_may_be_read(attention):
    hidden = torch.randn(1, 4, 8)
    only_itself = torch.eye(4, dtype=torch.bool).view(1, 1, 4, 4)
    torch.testing.assert_close(attention(hidden, rotation(4), only_itself), attention.output(attention.value(hidden)))


def test_the_rotary_table_and_turn_are_those_of_transformers():
    config = GraniteMoeSharedConfig(hidden_size=16, num_attention_heads=2, num_key_value_heads=2,
                                    rope_parameters={"rope_type": "default", "rope_theta": 500.0})
    heads = torch.randn(2, 2, 9, 8)
    cosine, sine = GraniteMoeSharedRotaryEmbedding(config)(heads, torch.arange(9)[None])
    ours = rotary_table(8, 9, 500.0)
    torch.testing.assert_close(ours, (cosine[0], sine[0]))
    torch.testing.assert_close(rotate(heads, *ours), apply_rotary_pos_emb(heads, heads, cosine, sine)[0])


def test_turning_keeps_lengths_and_only_distance_counts():
    cosine, sine = rotary_table(4, 20, 10000.0)
    query, key = torch.randn(2, 4)
    products = [rotate(query, cosine[5 + shift], sine[5 + shift]) @ rotate(key, cosine[2 + shift], sine[2 + shift])
                for shift in (0, 7, 14)]
    torch.testing.assert_close(torch.stack(products), products[0].expand(3), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(rotate(query, cosine[9], sine[9]).norm(), query.norm())
