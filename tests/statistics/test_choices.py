"""A routing table in any order becomes the same arrays; one with holes is refused."""

import numpy as np
import pytest
from routing_tables import even_routing, routed

from moe_core.statistics.choices import choices_of, codes_of


def test_ranks_follow_layers_texts_and_positions_however_the_rows_lie():
    table = routed([(1, 0), (2, 1), (0, 2)], [(0, 1), (0, 2), (1, 2)], experts=3, texts=[0, 0, 1], kind=list("abc"))
    choices = choices_of(table.sample(frac=1, random_state=3))
    assert choices.ranks.tolist() == [[[2, 1, 0], [0, 2, 1], [1, 0, 2]], [[1, 2, 0], [1, 0, 2], [0, 1, 2]]]
    assert choices.first.tolist() == [[1, 2, 0], [0, 0, 1]]
    assert choices.places[["text", "position", "kind"]].to_numpy().tolist() == [[0, 0, "a"], [0, 1, "b"], [1, 0, "c"]]
    assert (choices.experts, choices.experts_per_token) == (3, 2)


def test_one_prompt_needs_no_text_column():
    assert choices_of(routed([(1,)], experts=2).drop(columns="text")).places["text"].tolist() == [0]


def test_a_token_without_one_of_its_rows_is_refused():
    with pytest.raises(ValueError, match=r"one row for each of 1 layers and experts 0\.\.2, got 5 rows"):
        choices_of(routed([(1, 0), (2, 1)], experts=3).drop(index=4))


def test_an_empty_table_is_refused():
    with pytest.raises(ValueError, match="no token to count"):
        choices_of(even_routing(0).iloc[:0])


def test_a_missing_label_has_no_name():
    codes, names = codes_of(even_routing(0, tokens=1)["token"].where([True, False] * 2 + [True]))
    assert codes.tolist() == [0, -1, 0, -1, 0]
    assert np.array_equal(names, ["·"])
