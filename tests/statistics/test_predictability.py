"""A first choice is guessed from the same token elsewhere, never from itself."""

import numpy as np
import pytest
from routing_tables import even_routing, routed

from moe_core.statistics.predictability import predictability_table


def test_routing_by_token_is_guessed_and_the_baseline_is_not():
    firsts, ids = [(0,), (1,), (2,)] * 8, [7, 8, 9] * 8
    row = predictability_table(routed(firsts, experts=3, texts=np.repeat(range(8), 3).tolist(), token_id=ids)).iloc[0]
    assert (row["share"], row["seen"], row["share_seen"], row["tokens"]) == (1, 1, 1, 24)
    assert row["baseline"] == pytest.approx(1 / 3)


def test_a_token_seen_nowhere_else_gets_the_busiest_expert():
    table = predictability_table(routed([(2,), (2,), (2,), (2,)], experts=3, texts=[0, 1, 2, 3], token_id=[1, 2, 3, 4]))
    assert table.loc[0, ["share", "baseline", "seen"]].tolist() == [1, 1, 0]
    assert np.isnan(table.loc[0, "share_seen"])


def test_one_token_alone_cannot_be_known():
    table = predictability_table(routed([(1,)], experts=3, token_id=[5]))
    assert (table["seen"][0], table["tokens"][0]) == (0, 1)


def test_even_routing_is_guessed_no_better_than_chance():
    ids = np.random.default_rng(1).integers(0, 12, 300)
    tables = [predictability_table(even_routing(seed, tokens=300, layers=4, token_id=ids), seed=seed)
              for seed in range(50)]
    rows = np.concatenate([table[["share", "low", "high"]].to_numpy() for table in tables])
    assert rows[:, 0].mean() == pytest.approx(1 / 5, abs=0.01)
    assert 0.88 < ((rows[:, 1] <= 1 / 5) & (rows[:, 2] >= 1 / 5)).mean() < 0.99


def test_a_missing_column_is_named():
    with pytest.raises(ValueError, match="no column 'token_id'"):
        predictability_table(routed([(0,)], experts=2))
