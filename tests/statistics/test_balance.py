"""A layer's fairness is one line: worst overload, spread, idle experts, and what a fair router would show."""

import numpy as np
import pytest
from routing_tables import even_routing, routed

from moe_core.statistics.balance import balance_table


def test_overload_spread_and_idle_experts_are_those_counted_by_hand():
    row = balance_table(routed([(0, 1), (0, 1), (0, 2), (0, 1)], experts=4)).iloc[0]
    assert row["max_violation"] == 1  # loads 4 3 1 0, mean 2
    shares = np.array([4, 3, 1]) / 8
    assert row["entropy"] == pytest.approx(-(shares * np.log(shares)).sum())
    assert row["effective"] == pytest.approx(np.exp(row["entropy"]))
    assert row[["idle", "experts", "tokens"]].tolist() == [1, 4, 4]


def test_each_layer_is_judged_by_itself():
    table = balance_table(routed([(0,), (1,)], [(0,), (0,)], experts=2))
    assert table["max_violation"].tolist() == [0, 1]
    assert table["idle"].tolist() == [0, 1]


def test_a_fair_router_is_beyond_the_mark_one_time_in_twenty():
    tables = [balance_table(even_routing(seed, tokens=60, layers=10), seed) for seed in range(15)]
    assert 0.01 <= np.mean([(table["max_violation"] > table["high"]).mean() for table in tables]) <= 0.09
