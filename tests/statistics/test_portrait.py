"""What an expert reads most is told with its contexts, and its portrait only when chance does not explain it."""

import numpy as np
import pytest
from routing_tables import even_routing, routed

from moe_core.statistics.portrait import portrait_table
from moe_core.statistics.reads import reads_table


@pytest.fixture
def verbs():
    """Expert 1 reads every verb and nothing else; 0 reads nouns; nobody chooses 2."""
    return routed([(0,), (1,)] * 30, experts=3, texts=np.repeat(range(12), 5).tolist(),
                  part_of_speech=["NOUN", "VERB"] * 30, language=["en"] * 60, token=["cat", " runs"] * 30)


def test_a_clear_preference_is_named_with_its_numbers(verbs):
    portrait = portrait_table(verbs, ("part_of_speech", "language")).set_index("expert")
    assert portrait.loc[1, ["kind", "label", "chosen", "tokens"]].tolist() == ["part_of_speech", "VERB", 30, 30]
    assert portrait.loc[1, ["share", "chance", "lift", "part"]].tolist() == [1, 0.5, 2, 1]
    assert 1 < portrait["low"][1] < 2 <= portrait["high"][1]
    assert portrait["compared"][1] == (2 + 1) * 3


def test_an_idle_expert_has_no_preference(verbs):
    portrait = portrait_table(verbs, ("part_of_speech",)).set_index("expert")
    assert portrait.loc[2, ["kind", "label", "lift"]].isna().all()


def test_rare_labels_are_not_spoken_of(verbs):
    assert portrait_table(verbs, ("part_of_speech",), fewest=31)["label"].isna().all()


def test_even_routing_has_no_portraits_in_nineteen_of_twenty_tables():
    kinds = np.random.default_rng(2).choice(list("abc"), 200)
    named = [portrait_table(even_routing(seed, layers=2, kind=kinds), ("kind",))["label"].notna().any()
             for seed in range(20)]
    assert np.mean(named) <= 0.15


def test_favourite_tokens_come_with_counts_and_places(verbs):
    table = reads_table(verbs)
    assert table[["expert", "rank", "token", "chosen", "tokens"]].to_numpy().tolist() == [
        [0, 1, "cat", 30, 30], [1, 1, " runs", 30, 30]]
    assert table["lift"].tolist() == [2, 2]
    assert table["examples"][1] == [("cat", " runs", "cat runscat"), ("", " runs", "cat runscat runs"),
                                    ("cat", " runs", "cat runscat")]


def test_a_token_read_seldom_is_no_favourite():
    table = reads_table(routed([(0,)] * 5, experts=2, token=["a", "a", "b", "b", "b"]))
    assert table["token"].tolist() == ["b"]


def test_a_frequent_faithful_token_comes_before_a_rare_one():
    table = reads_table(routed([(0,)] * 13 + [(1,)] * 13, experts=2, token=["a"] * 3 + ["b"] * 10 + ["c"] * 13))
    assert table.query("expert == 0")["token"].tolist() == ["b", "a"]
