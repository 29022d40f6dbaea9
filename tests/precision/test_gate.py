"""The gate looks at the upper end of the rise of perplexity, over whole texts, and believes no single text."""

import math

import numpy as np
import pytest

from moe_core.precision.gate import Rise, check_tolerance, rise


def by_hand(before, after, counts, seed):
    """The same verdict without any of the gate's own code: ratios of sums over texts drawn with replacement."""
    rng, means = np.random.default_rng(seed), []
    for texts in rng.integers(len(before), size=(2000, len(before))):
        means.append(sum(after[text] - before[text] for text in texts) / sum(counts[text] for text in texts))
    low, upper = np.percentile(means, [2.5, 97.5])
    return math.exp((sum(after) - sum(before)) / sum(counts)) - 1, math.exp(low) - 1, math.exp(upper) - 1


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_the_verdict_can_be_counted_again(seed):
    rng = np.random.default_rng(seed)
    counts = rng.integers(20, 400, 30).astype(float)
    before = counts * rng.normal(2.2, 0.3, 30)
    after = before + rng.normal(0.004, 0.05, 30) * np.sqrt(counts)
    assert rise(before, after, counts, seed) == pytest.approx(by_hand(before, after, counts, seed), abs=1e-9)


def test_no_difference_is_exactly_none():
    assert rise(np.ones(4), np.ones(4), np.full(4, 9.0)) == (0, 0, 0)


def test_a_rise_passes_by_its_upper_end_only():
    assert Rise(0.001, -0.002, 0.004).passes(0.005)
    assert not Rise(0.001, -0.004, 0.006).passes(0.005)
    assert not Rise(math.nan, math.nan, math.nan).passes(1.0)


def test_a_long_text_counts_for_all_its_tokens():
    found = rise(np.zeros(2), np.array([90.0, 0.0]), np.array([90.0, 10.0]))
    assert found.delta == pytest.approx(math.exp(0.9) - 1)


@pytest.mark.parametrize("tolerance", [-0.001, 1.01, float("nan")])
def test_an_impossible_tolerance_is_refused_with_what_is_possible(tolerance):
    with pytest.raises(ValueError, match="0% is the smallest that is possible"):
        check_tolerance(tolerance)


def test_lists_of_different_length_are_refused():
    with pytest.raises(ValueError, match="equally long"):
        rise(np.zeros(2), np.zeros(3), np.ones(2))
