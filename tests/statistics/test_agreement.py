"""Two walks agree on a token where the set of chosen experts is the same; the order within it does not matter."""

import numpy as np
import pandas as pd
import pytest

from moe_core.pieces import Piece
from moe_core.statistics.agreement import agreement_table, flip_table
from moe_core.tracing.trace import RoutingTrace


def _walk(expert_ids, logits, layers=(0,), token_ids=(5, 6)):
    expert_ids = np.asarray(expert_ids)
    return RoutingTrace("tiny", "abc", token_ids, (Piece("a"), Piece("b")), ("prompt",) * 2, layers,
                        logits, None, expert_ids, np.ones(expert_ids.shape), settings={"experts": 4})


def test_five_columns_by_hand():
    a = _walk([[[0, 1], [2, 3]]], [[[4, 3, 2, 0], [0, 1, 3, 2]]])
    b = _walk([[[1, 0], [2, 1]]], [[[4, 4.5, 2, 0], [0, 2.25, 3, 2]]])
    table = agreement_table(a, b)
    assert list(table) == ["layer", "position", "token", "same_choice", "overlap", "margin", "logit_error"]
    assert table["token"].tolist() == ["a", "b"]
    assert table["same_choice"].tolist() == [True, False]
    assert table["overlap"].tolist() == [1, 0.5]
    assert table["margin"].tolist() == [1, 1]  # of the first walk: 3 - 2 and 2 - 1
    assert table["logit_error"].tolist() == [1.5, 1.25]


def test_a_walk_agrees_with_itself():
    walk = _walk([[[0, 1], [2, 3]]], np.zeros((1, 2, 4)))
    table = agreement_table(walk, walk)
    assert table["same_choice"].all()
    assert (table["overlap"] == 1).all()
    assert (table["logit_error"] == 0).all()


def test_an_overflow_is_an_error_without_end():
    a = _walk([[[0], [1]]], [[[1, 0, 0, 0], [0, 1, 0, 0]]])
    b = _walk([[[0], [1]]], [[[np.nan, 0, 0, 0], [0, np.inf, 0, 0]]])
    assert agreement_table(a, b)["logit_error"].tolist() == [np.inf, np.inf]


def test_without_logits_the_error_is_unknown():
    walk = _walk([[[0], [1]]], None)
    assert agreement_table(walk, walk)[["margin", "logit_error"]].isna().all(axis=None)


def test_no_flip_where_the_error_is_less_than_half_the_margin():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(3, 2, 4)).astype(np.float32)
    moved = logits + rng.uniform(-0.3, 0.3, size=logits.shape).astype(np.float32)
    a, b = (_walk(np.argsort(-scores, axis=2)[:, :, :2], scores, layers=(0, 1, 2)) for scores in (logits, moved))
    table = agreement_table(a, b)
    assert table[table["logit_error"] < table["margin"] / 2]["same_choice"].all()


@pytest.mark.parametrize(("other", "message"), [
    (_walk([[[0], [1]]], None, token_ids=(5, 7)), "the same tokens"),
    (_walk([[[0], [1]]], None, layers=(3,)), r"the same layers, got \(0,\) and \(3,\)"),
    (_walk([[[0, 1], [1, 2]]], None), "the same experts_per_token, got 1 and 2"),
])
def test_only_walks_over_the_same_ground_are_compared(other, message):
    with pytest.raises(ValueError, match=message):
        agreement_table(_walk([[[0], [1]]], None), other)


def test_flips_are_counted_layer_by_layer():
    agreement = pd.DataFrame({"layer": [1, 1, 1, 1, 3, 3, 3, 3], "same_choice": [True, False, True, True] + [True] * 4})
    flips = flip_table(agreement)
    assert flips[["layer", "flips", "tokens", "share"]].to_numpy().tolist() == [[1, 1, 4, 0.25], [3, 0, 4, 0]]
    assert flips["low"].tolist() == pytest.approx([0.0456, 0], abs=1e-4)
    assert flips["high"].tolist() == pytest.approx([0.6994, 0.4899], abs=1e-4)
