"""An interval holds the true number as often as it promises."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moe_core.statistics.intervals import paired_bootstrap, wilson


def test_wilson_by_hand_for_15_of_50():
    # z = 1.96, z² = 3.8415: centre (15 + 1.9207) / 53.8415 = 0.3143,
    # reach 1.96 · √(15 · 35 / 50 + 0.9604) / 53.8415 = 1.96 · 3.3853 / 53.8415 = 0.1232
    low, high = wilson(15, 50)
    assert (float(low), float(high)) == pytest.approx((0.1910, 0.4375), abs=1e-4)


def test_wilson_of_none_and_all_begin_and_end_exactly():
    low, high = wilson([0, 10], [10, 10])
    assert low.tolist() == [0, pytest.approx(0.7225, abs=1e-4)]
    assert high.tolist() == [pytest.approx(0.2775, abs=1e-4), 1]


def test_wilson_of_no_trials_excludes_nothing():
    assert [float(end) for end in wilson(0, 0)] == [0, 1]


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_measured_share_and_stays_in_0_to_1(counted):
    successes, trials = counted
    low, high = wilson(successes, trials)
    assert 0 <= low <= successes / trials <= high <= 1


@pytest.mark.parametrize(("successes", "trials"), [(3, 2), (-1, 2)])
def test_wilson_refuses_impossible_counts(successes, trials):
    with pytest.raises(ValueError, match=r"successes must lie in 0\.\.trials"):
        wilson(successes, trials)


def test_wilson_keeps_its_promise_about_19_times_in_20():
    hits = np.random.default_rng(0).binomial(200, 0.2, size=4000)
    low, high = wilson(hits, 200)
    assert np.mean((low <= 0.2) & (high >= 0.2)) == pytest.approx(0.95, abs=0.015)


def test_a_constant_difference_leaves_no_doubt():
    assert paired_bootstrap([1, 5, 9], [3, 7, 11], seed=0) == (2, 2, 2)


def test_pairing_sees_a_small_difference_under_much_common_noise():
    rng = np.random.default_rng(1)
    common = rng.normal(0, 10, size=200)
    value, low, high = paired_bootstrap(common, common + 0.5 + rng.normal(0, 0.1, size=200), seed=2)
    assert low < value < high
    assert 0.4 < low < high < 0.6


def test_the_same_seed_gives_the_same_interval():
    a, b = np.random.default_rng(3).normal(size=(2, 30))
    assert paired_bootstrap(a, b, seed=4) == paired_bootstrap(a, b, seed=4) != paired_bootstrap(a, b, seed=5)


def test_the_bootstrap_keeps_its_promise_about_19_times_in_20():
    samples = np.random.default_rng(6).normal(1, 2, size=(200, 80))
    intervals = [paired_bootstrap(np.zeros(80), sample, seed=7, resamples=200) for sample in samples]
    assert np.mean([low <= 1 <= high for _, low, high in intervals]) == pytest.approx(0.94, abs=0.04)


@pytest.mark.parametrize(("a", "b"), [([1], [1, 2]), ([], []), ([[1]], [[1]])])
def test_the_bootstrap_refuses_what_is_not_paired(a, b):
    with pytest.raises(ValueError, match="equally long lists"):
        paired_bootstrap(a, b, seed=0)
