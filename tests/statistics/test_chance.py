"""The formulas for chance agree with counting all possibilities."""

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moe_core.statistics import chance


def test_mixtrals_own_chances():  # 8 experts, 2 per token: 12.5 % and 46 %
    assert chance.same_first(8) == 0.125
    assert chance.any_in_common(8, 2) == pytest.approx(1 - 15 / 28)


@pytest.mark.parametrize(("experts", "per_token"), [(3, 1), (3, 2), (4, 2), (4, 4)])
def test_experts_in_use_by_counting_all_ways(experts, per_token):
    sets = list(combinations(range(experts), per_token))
    used = chance.used_after(3, experts, per_token)
    for tokens in (1, 2, 3):
        ways = [len(set().union(*way)) for way in product(sets, repeat=tokens)]
        assert used.mean[tokens - 1] == pytest.approx(np.mean(ways))
        assert np.mean(np.array(ways) < used.low[tokens - 1]) < 0.025
        assert np.mean(np.array(ways) > used.high[tokens - 1]) <= 0.025 + 1e-9


def test_even_loads_pair_every_two_experts_alike():
    both = chance.both_given_loads(np.full(5, 2 / 5), 2)
    assert both[~np.eye(5, dtype=bool)] == pytest.approx(np.full(20, 1 / 10))


def test_an_expert_that_always_runs_shares_every_token_and_an_idle_one_none():
    both = chance.both_given_loads(np.array([1.0, 0.7, 0.3, 0.0]), 2)
    assert both[0].tolist() == pytest.approx([1, 0.7, 0.3, 0])
    assert both[1, 2] == both[1, 3] == 0


def test_with_one_expert_per_token_no_two_meet():
    assert (chance.both_given_loads(np.array([0.5, 0.3, 0.2]), 1) == np.diag([0.5, 0.3, 0.2])).all()


@given(odds=st.lists(st.floats(0.1, 10), min_size=4, max_size=7), per_token=st.integers(1, 3))
def test_the_fitted_pairs_are_those_of_the_evenest_draw(odds, per_token):
    sets = list(combinations(range(len(odds)), per_token))
    weight = np.array([np.prod([odds[expert] for expert in chosen]) for chosen in sets])
    joint = np.zeros((len(odds), len(odds)))
    for chosen, share in zip(sets, weight / weight.sum(), strict=True):
        joint[np.ix_(chosen, chosen)] += share
    assert chance.both_given_loads(np.diag(joint), per_token) == pytest.approx(joint, abs=1e-6)
