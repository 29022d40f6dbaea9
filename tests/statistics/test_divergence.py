"""Two texts differ in their use of experts only as far as dealing their tokens anew would not explain."""

import numpy as np
import pytest
from routing_tables import even_routing, routed

from moe_core.statistics.divergence import divergence_table, jensen_shannon


def test_equal_loads_have_no_divergence_and_disjoint_ones_one_bit():
    assert jensen_shannon(np.array([1, 1]), np.array([5, 5])) == 0
    assert jensen_shannon(np.array([3, 0]), np.array([0, 7])) == 1
    # against the middle (3/4, 1/4): (1·log 4/3 + ½·log 2/3 + ½·log 2) / 2
    assert jensen_shannon(np.array([1, 0]), np.array([1, 1])) == pytest.approx(
        (np.log2(4 / 3) + np.log2(2 / 3) / 2 + 0.5) / 2)


def test_texts_of_different_length_can_be_compared():
    table = divergence_table(routed([(0,)] * 6, experts=3), routed([(1,)] * 9, experts=3), seed=0)
    assert table[["layer", "bits", "tokens_a", "tokens_b"]].to_numpy().tolist() == [[0, 1, 6, 9]]
    assert table["p"][0] < 0.01


def test_a_single_token_proves_nothing():
    table = divergence_table(routed([(0,)], experts=3), routed([(1,)], experts=3))
    assert (table["bits"][0], table["p"][0]) == (1, 1)


def test_even_routing_is_called_different_one_time_in_twenty():
    tables = [divergence_table(even_routing(seed, tokens=80, layers=3), even_routing(seed + 900, tokens=50, layers=3),
                               seed, permutations=40) for seed in range(30)]
    assert set(tables[0]["shuffled"]) == {"texts"}
    assert 0.01 <= np.mean([(table["p"] <= 0.05).mean() for table in tables]) <= 0.1


def test_one_odd_text_does_not_make_two_collections_differ():
    alike = [(0,)] * 20
    odd = routed([*alike[:15], *[(1,)] * 5], experts=2, texts=sorted([0, 1, 2, 3] * 5))
    table = divergence_table(odd, routed(alike, experts=2, texts=sorted([0, 1, 2, 3] * 5)))
    assert table["p"][0] > 0.9  # token by token it would be 0.05


def test_different_models_cannot_be_compared():
    with pytest.raises(ValueError, match="same layers and experts, got 1 layers of 2 and 1 of 3"):
        divergence_table(routed([(0,)], experts=2), routed([(0,)], experts=3))
