"""A preference is measured against what the labels would get if they meant nothing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from routing_tables import even_routing, routed

from moe_core.statistics.shuffling import TEXTS, TOKENS
from moe_core.statistics.specialisation import information, mutual_information_table, specialisation_table

KIND = np.random.default_rng(5).choice(list("abc"), 200)


def test_shares_chance_and_lift_are_those_counted_by_hand():
    table = specialisation_table(routed([(0, 1), (0, 2), (1, 2), (1, 0)], experts=3, kind=list("aaab")), "kind")
    a = table[table["label"] == "a"].set_index("expert")
    assert a["share"].tolist() == pytest.approx([2 / 6, 2 / 6, 2 / 6])
    assert a["chance"].tolist() == pytest.approx([3 / 8, 3 / 8, 2 / 8])
    assert a["lift"].tolist() == pytest.approx([8 / 9, 8 / 9, 4 / 3])
    assert (a["chosen"].tolist(), a["tokens"].tolist()) == ([2, 2, 2], [3, 3, 3])


def test_tokens_without_the_label_do_not_count():
    table = specialisation_table(routed([(0,), (1,)], experts=2, kind=["a", None]), "kind")
    assert table[["label", "expert", "share"]].to_numpy().tolist() == [["a", 0, 1.0], ["a", 1, 0.0]]


def test_an_unknown_column_is_named():
    with pytest.raises(ValueError, match="no column 'mood'"):
        specialisation_table(routed([(0,)], experts=2), "mood")


def test_shares_of_even_routing_lie_in_their_interval():
    tables = [specialisation_table(even_routing(seed, kind=KIND), "kind") for seed in range(40)]
    covered = np.mean([((table["low"] < 1 / 5) & (table["high"] > 1 / 5)).mean() for table in tables])
    assert 0.93 < covered < 0.99


def test_texts_that_are_alike_inside_widen_the_interval():
    half_and_half = [(0,)] * 10 + [(1,)] * 10
    width = {name: table["high"].iloc[0] - table["low"].iloc[0] for name, table in (
        ("one", specialisation_table(routed(half_and_half, experts=2, kind=["a"] * 20), "kind")),
        ("four", specialisation_table(routed(half_and_half, experts=2, kind=["a"] * 20,
                                             texts=[0] * 5 + [1] * 5 + [2] * 5 + [3] * 5), "kind")))}
    assert width["four"] > 1.5 * width["one"]


def test_information_of_a_clear_rule_is_all_there_is_to_know():
    table = mutual_information_table(routed([(0,), (1,)] * 8, experts=2, kind=["a", "b"] * 8), "kind", seed=1)
    assert table["bits"].tolist() == table["label_bits"].tolist() == [1]
    assert table["high"][0] < 1
    assert table["p"][0] < 0.02


def test_information_is_the_sum_over_the_joint_table():
    joint = np.array([[3, 1], [1, 3]])
    expected = sum(n / 8 * np.log2((n / 8) / 0.25) for n in joint.ravel())
    assert information(joint) == pytest.approx(expected)


@pytest.mark.parametrize(("label", "unit"), [("kind", TOKENS), ("origin", TEXTS)])
def test_information_in_even_routing_is_called_significant_one_time_in_twenty(label, unit):
    labels = {"kind": KIND, "origin": np.repeat([0, 1, 1, 0] * 5, 10)}
    tables = [mutual_information_table(even_routing(seed, layers=5, **labels), label, seed, permutations=60)
              for seed in range(25)]
    beyond = np.mean([(table["bits"] > table["high"]).mean() for table in tables])
    assert 0.01 <= beyond <= 0.11
    assert set(tables[0]["shuffled"]) == {unit}


def test_the_seed_fixes_the_shuffles():
    one, same, other = (mutual_information_table(even_routing(1, kind=KIND), "kind", seed, permutations=20)["chance"][0]
                        for seed in (3, 3, 4))
    assert one == same != other


@settings(max_examples=15)
@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from("xyz")), min_size=1, max_size=15))
def test_shares_of_a_label_sum_to_one_and_information_never_exceeds_the_labels(tokens):
    firsts, kinds = zip(*tokens, strict=True)
    table = routed([(first,) for first in firsts], experts=4, kind=list(kinds))
    assert specialisation_table(table, "kind").groupby("label")["share"].sum().to_numpy() == pytest.approx(1)
    known = mutual_information_table(table, "kind", permutations=2)
    assert 0 <= known["bits"][0] <= known["label_bits"][0] + 1e-9
