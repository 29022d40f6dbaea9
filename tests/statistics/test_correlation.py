"""Rank correlation is 1 when two orders agree, -1 when they are opposite, and unknown when there is no order."""

import numpy as np
import pytest

from moe_core.statistics.correlation import rank_correlation


def test_the_same_order_is_one_however_uneven_the_steps():
    assert rank_correlation([1, 2, 3, 4], [0.1, 5, 6, 1000]).value == pytest.approx(1)


def test_the_opposite_order_is_minus_one():
    assert rank_correlation([1, 2, 3], [3, 2, 1]).value == pytest.approx(-1)


def test_a_hand_worked_example_with_a_tie():
    # ranks 1 2 3 4 and 1 2.5 2.5 4: covariance 4.5, squares 5 and 4.5
    assert rank_correlation([1, 2, 3, 4], [1, 2, 2, 3]).value == pytest.approx(4.5 / np.sqrt(5 * 4.5))


def test_pairs_with_an_unknown_side_are_left_out():
    assert rank_correlation([1, 2, 3, 9], [1, 2, 3, np.nan]).value == pytest.approx(1)


def test_the_interval_holds_the_value_and_the_same_seed_repeats_it():
    rng = np.random.default_rng(1)
    a = rng.normal(size=60)
    found = rank_correlation(a, a + rng.normal(size=60))
    assert found.low < found.value < found.high
    assert found == rank_correlation(a, a + (np.random.default_rng(1).normal(size=120)[60:]))


def test_the_interval_covers_no_correlation_about_95_times_in_100():
    rng = np.random.default_rng(0)
    found = [rank_correlation(*rng.normal(size=(2, 40)), resamples=120) for _ in range(120)]
    assert 0.88 <= np.mean([one.low <= 0 <= one.high for one in found]) <= 0.99


@pytest.mark.parametrize(("a", "b"), [([], []), ([1, 2], [1, 2]), ([1, 1, 1], [1, 2, 3])])
def test_without_an_order_it_is_unknown(a, b):
    assert all(np.isnan(rank_correlation(a, b)))
