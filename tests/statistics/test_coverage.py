"""Experts in use grow with the tokens read, beside the exact expectation of even routing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from routing_tables import even_routing, routed

from moe_core.statistics.coverage import MOST_POINTS, coverage_table


def test_experts_in_use_are_those_counted_by_hand():
    table = coverage_table(routed([(0, 1), (1, 0), (0, 2)], experts=4))
    assert table["tokens"].tolist() == [1, 2, 3]
    assert table["used"].tolist() == [2, 2, 3]
    assert table["chance"].tolist() == [2, 3, 3.5]
    # in random order, 2 is met after one token in 1 of 3 orders and after two in 2 of 3; 0 at once; 1 in 2 of 3
    assert table["shuffled"].tolist() == pytest.approx([2, 1 + 1 + 2 / 3, 3])


def test_even_routing_stays_in_the_exact_range():
    inside = [table["used"].between(table["low"], table["high"]).mean()
              for table in (coverage_table(even_routing(seed, tokens=12, experts=8)) for seed in range(80))]
    assert np.mean(inside) >= 0.95


def test_a_long_text_gives_a_short_curve():
    table = coverage_table(even_routing(1, tokens=2000))
    assert len(table) <= MOST_POINTS
    assert table["tokens"].iloc[[0, -1]].tolist() == [1, 2000]


@given(st.lists(st.integers(0, 3), min_size=1, max_size=12))
def test_everything_used_is_used_at_the_end_in_any_order(firsts):
    last = coverage_table(routed([(first,) for first in firsts], experts=4)).iloc[-1]
    assert last["used"] == pytest.approx(last["shuffled"]) == len(set(firsts))
