"""Co-activation and repeats: counted by hand, over all pairs, and at chance when nothing is preferred."""

import numpy as np
import pytest
from routing_tables import even_routing, routed

from moe_core.statistics.coactivation import coactivation_table
from moe_core.statistics.repeats import repeats_table


def test_every_pair_counts_not_only_those_of_neighbouring_rank():
    table = coactivation_table(routed([(0, 1, 2), (0, 1, 3)], experts=4)).set_index(["expert", "other"])
    assert table["share"][0, 2] == 0.5   # first and third choice of the first token
    assert table["share"][0, 1] == 1
    assert table["share"][2, 0] == 1
    assert table["share"][2, 3] == 0
    assert table["tokens"][[(0, 1), (2, 1)]].tolist() == [2, 1]
    assert (table["uniform"] == 2 / 3).all()


def test_an_idle_expert_has_no_partner_but_a_row():
    table = coactivation_table(routed([(0, 1)], experts=3)).set_index(["expert", "other"])
    assert np.isnan(table["share"][2, 0])
    assert np.isnan(table["chance"][2, 0])
    assert len(table) == 6


def test_co_activation_of_even_routing_lies_in_its_interval():
    tables = [coactivation_table(even_routing(seed, tokens=150)) for seed in range(25)]
    covered = np.mean([table["uniform"].between(table["low"], table["high"]).mean() for table in tables])
    assert 0.93 < covered < 0.97


def test_busy_experts_meet_more_often_by_chance():
    sets = [(0, 1)] * 2 + [(0, 2)] * 2 + [(0, 3)] * 2 + [(1, 2), (1, 3), (2, 3)]
    table = coactivation_table(routed([*sets], experts=4)).set_index(["expert", "other"])
    assert table["chance"][1, 0] > table["uniform"][1, 0] > table["chance"][1, 2]
    assert table["chance"][1].sum() == pytest.approx(1)  # with two experts per token, one partner each


def test_repeats_are_those_counted_by_hand():
    table = repeats_table(routed([(0, 1), (0, 2), (1, 2), (3, 0)], experts=4)).set_index("choice")
    assert table["share"].tolist() == pytest.approx([1 / 3, 2 / 3])  # 0=0 | {0,1}{0,2} and {0,2}{1,2} meet
    assert table["chance"].tolist() == pytest.approx([1 / 4, 1 - 1 / 6])
    # firsts 0,0,1,3: one of six pairs alike; sets: only {1,2} and {3,0} have nothing in common
    assert table["shuffled"].tolist() == pytest.approx([1 / 6, 5 / 6])
    assert table["pairs"].tolist() == [3, 3]


def test_the_end_of_one_text_is_no_neighbour_of_the_next():
    assert repeats_table(routed([(0,), (0,), (1,)], experts=2, texts=[0, 1, 1]))["share"].tolist() == [0, 0]


def test_a_text_of_one_token_has_no_pairs():
    table = repeats_table(routed([(0,)], experts=2))
    assert table["share"].isna().all()
    assert (table["pairs"] == 0).all()


@pytest.mark.parametrize("choice", ["first", "any"])
def test_repeats_of_even_routing_lie_in_their_interval(choice):
    tables = [repeats_table(even_routing(seed, tokens=300, layers=4)) for seed in range(40)]
    tables = [table[table["choice"] == choice] for table in tables]
    covered = np.mean([table["chance"].between(table["low"], table["high"]).mean() for table in tables])
    assert 0.91 < covered < 0.99
