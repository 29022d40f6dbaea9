"""Costs are sums over documents per token and per byte; the interval of a sure difference excludes zero."""

import math

import numpy as np
import pytest

from moe_core.evaluation.ratios import Resampling, cost


def test_a_cost_by_hand():
    found = cost(np.array([2.0, 4.0]), np.array([1, 2]), np.array([4, 8]), Resampling(2))
    assert found.nats.value == pytest.approx(6 / 3)
    assert found.bits.value == pytest.approx(6 / math.log(2) / 12)


def test_documents_that_all_cost_the_same_leave_no_doubt():
    found = cost(np.full(30, 3.0), np.full(30, 2), np.full(30, 5), Resampling(30))
    assert (found.nats.low, found.nats.high) == pytest.approx((1.5, 1.5))


def test_a_long_document_counts_by_its_tokens():
    assert Resampling(2).ratio(np.array([10.0, 1.0]), np.array([100, 1])).value == pytest.approx(11 / 101)


def test_a_paired_difference_is_surer_than_its_parts():
    rng = np.random.default_rng(0)
    hard = rng.normal(50, 20, 200)
    other, tokens, draws = hard + rng.normal(1, 0.5, 200), np.full(200, 10), Resampling(200)
    difference = draws.ratio(hard - other, tokens)
    assert difference.high < 0
    assert difference.high - difference.low < (draws.ratio(hard, tokens).high - draws.ratio(hard, tokens).low) / 10


def test_no_document_is_refused():
    with pytest.raises(ValueError, match="got 0"):
        Resampling(0)
