"""Load is the share of a layer's routed slots: it sums to 1, and chance is one part in as many as there are experts."""

import numpy as np
import pandas as pd
import pytest

from moe_core.statistics.intervals import wilson
from moe_core.statistics.load import load_table


def _routing(ranks, weights=None, layer=0):
    """A T × E matrix of ranks (0 = not chosen) as a routing table of one layer."""
    ranks = np.asarray(ranks)
    length, experts = ranks.shape
    weights = (ranks > 0) / np.maximum((ranks > 0).sum(1, keepdims=True), 1) if weights is None else np.asarray(weights)
    return pd.DataFrame({"layer": layer, "position": np.repeat(np.arange(length), experts),
                         "expert": np.tile(np.arange(experts), length),
                         "rank": ranks.ravel(), "weight": weights.ravel()})


def _uniform(rng, length, experts, chosen, layer=0):
    """Every token gets `chosen` experts by lot."""
    order = rng.random((length, experts)).argsort(axis=1).argsort(axis=1) + 1
    return _routing(np.where(order <= chosen, order, 0), layer=layer)


def test_five_tokens_counted_by_hand():
    routing = _routing([[1, 2, 0], [1, 2, 0], [1, 0, 2], [2, 1, 0], [1, 2, 0]],
                       [[0.9, 0.1, 0], [0.7, 0.3, 0], [0.5, 0, 0.5], [0.2, 0.8, 0], [0.7, 0.3, 0]])
    load = load_table(routing)
    assert list(load) == ["layer", "expert", "share", "mean_weight", "chance", "low", "high"]
    assert load["share"].tolist() == [0.5, 0.4, 0.1]
    assert load["mean_weight"].tolist() == pytest.approx([0.6, 0.375, 0.5])
    assert load["chance"].tolist() == pytest.approx([1 / 3] * 3)


def test_the_interval_counts_tokens_because_a_token_takes_an_expert_once():
    load = load_table(_routing([[1, 2, 0], [1, 2, 0], [1, 0, 2], [2, 1, 0]]))
    low, high = wilson([4, 3, 1], [4, 4, 4])  # 4, 3 and 1 of 4 tokens; two slots a token
    assert load["low"].tolist() == (low / 2).tolist()
    assert load["high"].tolist() == (high / 2).tolist()


def test_an_idle_expert_has_a_row_no_share_and_no_mean_weight():
    idle = load_table(_routing([[1, 0], [1, 0]])).iloc[1]
    assert (idle["share"], idle["low"]) == (0, 0)
    assert np.isnan(idle["mean_weight"])


def test_every_layer_shares_out_its_own_work():
    load = load_table(pd.concat([_routing([[1, 0], [1, 0]], layer=2), _routing([[1, 0], [0, 1]], layer=5)]))
    assert load["layer"].tolist() == [2, 2, 5, 5]
    assert load["share"].tolist() == [1, 0, 0.5, 0.5]


def test_no_tokens_give_no_rows():
    assert load_table(_routing(np.zeros((0, 3)))).empty


def test_shares_sum_to_one_in_a_layer():
    load = load_table(_uniform(np.random.default_rng(0), 37, 10, 2))
    assert load["share"].sum() == pytest.approx(1)


def test_under_routing_by_lot_the_interval_holds_chance_about_19_times_in_20():
    rng = np.random.default_rng(1)
    load = load_table(pd.concat([_uniform(rng, 120, 10, 2, layer) for layer in range(120)]))
    covered = (load["low"] <= load["chance"]) & (load["chance"] <= load["high"])
    assert covered.mean() == pytest.approx(0.95, abs=0.02)
