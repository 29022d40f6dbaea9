"""Each table has one row per thing a figure can show, and its numbers are the trace's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moe_core import tables
from moe_core.pieces import Piece
from moe_core.tracing.trace import RoutingTrace


def _trace(scores, chosen, **more):
    """L × T × E scores as a trace whose experts are the `chosen` best, as softmax over the chosen."""
    logits = np.asarray(scores, np.float32)
    layers, length, _ = logits.shape
    expert_ids = np.argsort(-logits, axis=-1, kind="stable")[:, :, :chosen]
    best = np.exp(np.take_along_axis(logits, expert_ids, -1))
    fields = {
        "model": "tiny", "model_hash": "abc", "token_ids": np.arange(length),
        "pieces": tuple(Piece("the") for _ in range(length)),
        "phase": ("prompt",) * length, "layers": tuple(range(layers)), "logits": logits,
        "probabilities": np.exp(logits) / np.exp(logits).sum(-1, keepdims=True),
        "expert_ids": expert_ids, "weights": best / best.sum(-1, keepdims=True)}
    return RoutingTrace(**(fields | more))


@pytest.fixture
def trace():  # one layer, number 4; "a" likes expert 2 then 0, the line end likes 1 then 2
    return _trace(np.log([[[0.3, 0.1, 0.6], [0.1, 0.7, 0.2]]]), chosen=2, layers=(4,),
                  pieces=(Piece("a"), Piece("\n")), phase=("prompt", "generated"),
                  candidate_ids=[[5, 6], [7, 5]], candidate_probabilities=[[0.75, 0.25], [0.5, 0.5]],
                  candidate_labels=(("b", "␣"), ("c", "b")))


def test_the_routing_table_has_a_row_for_every_expert_chosen_or_not(trace):
    table = tables.routing_table(trace)
    assert list(table) == ["layer", "position", "token", "phase", "expert", "probability", "weight", "rank"]
    assert table["layer"].tolist() == [4] * 6
    assert table["position"].tolist() == [0, 0, 0, 1, 1, 1]
    assert table["token"].tolist() == ["a"] * 3 + ["⏎"] * 3
    assert table["phase"].tolist() == ["prompt"] * 3 + ["generated"] * 3
    assert table["expert"].tolist() == [0, 1, 2] * 2
    assert table["probability"].to_numpy() == pytest.approx([0.3, 0.1, 0.6, 0.1, 0.7, 0.2])
    assert table["weight"].to_numpy() == pytest.approx([1 / 3, 0, 2 / 3, 0, 7 / 9, 2 / 9])
    assert table["rank"].tolist() == [2, 0, 1, 0, 1, 2]


def test_layers_follow_each_other_in_the_routing_table():
    table = tables.routing_table(_trace([[[1, 2]], [[2, 1]]], chosen=1))
    assert table[["layer", "expert", "rank"]].to_numpy().tolist() == [[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]]


def test_the_tokens_table_says_how_sure_each_choice_was(trace):
    table = tables.tokens_table(trace)
    assert list(table) == ["layer", "position", "token", "first", "second", "margin", "entropy"]
    assert table[["first", "second"]].to_numpy().tolist() == [[2, 0], [1, 2]]
    assert table["margin"].to_numpy() == pytest.approx(np.log([0.3 / 0.1, 0.2 / 0.1]), rel=1e-5)
    assert table["entropy"][0] == pytest.approx(-(0.3 * np.log(0.3) + 0.1 * np.log(0.1) + 0.6 * np.log(0.6)), rel=1e-5)


def test_the_margin_is_the_same_from_probabilities_as_from_logits(trace):
    without_logits = _trace(trace.logits, chosen=2, logits=None)
    assert tables.margins(without_logits) == pytest.approx(tables.margins(trace), rel=1e-5)


def test_a_token_of_one_expert_has_no_second(trace):
    assert tables.tokens_table(_trace(trace.logits, chosen=1))["second"].tolist() == [tables.NONE] * 2


def test_with_every_expert_chosen_there_is_no_margin(trace):
    assert tables.tokens_table(_trace(trace.logits, chosen=3))["margin"].isna().all()


def test_an_impossible_expert_adds_no_entropy():
    certain = _trace([[[0, -np.inf]]], chosen=1)
    assert tables.tokens_table(certain)["entropy"].tolist() == [0]


def test_a_trace_of_ids_only_leaves_the_unknown_empty(trace):
    served = _trace(trace.logits, chosen=2, logits=None, probabilities=None, settings={"experts": 3})
    assert tables.routing_table(served)["probability"].isna().all()
    assert tables.routing_table(served)["rank"].tolist() == [2, 0, 1, 0, 1, 2]
    assert tables.tokens_table(served)[["margin", "entropy"]].isna().all(axis=None)


def test_the_candidates_are_those_the_model_saw_after_that_token(trace):
    table = tables.candidates_table(trace, position=1)
    assert table.to_dict("list") == {"rank": [1, 2], "token": ["c", "b"], "probability": [0.5, 0.5]}


def test_candidates_without_labels_are_shown_by_number(trace):
    bare = _trace(trace.logits, chosen=2, candidate_ids=[[5], [7]], candidate_probabilities=[[1], [1]])
    assert tables.candidates_table(bare, 1)["token"].tolist() == ["7"]


def test_a_trace_without_candidates_gives_an_empty_table(trace):
    table = tables.candidates_table(_trace(trace.logits, chosen=2), 0)
    assert list(table) == ["rank", "token", "probability"]
    assert table.empty


@pytest.mark.parametrize("position", [-1, 2])
def test_no_candidates_outside_the_text(trace, position):
    with pytest.raises(ValueError, match=rf"position must lie in 0\.\.1, got {position}"):
        tables.candidates_table(trace, position)


@given(layers=st.integers(1, 3), length=st.integers(0, 4), experts=st.integers(1, 5), seed=st.integers(0, 99))
def test_every_layer_and_token_spends_its_whole_weight(layers, length, experts, seed):
    trace = _trace(np.random.default_rng(seed).normal(size=(layers, length, experts)), chosen=(experts + 1) // 2)
    table = tables.routing_table(trace)
    assert len(table) == layers * length * experts
    assert len(tables.tokens_table(trace)) == layers * length
    spent = table.groupby(["layer", "position"])[["probability", "weight"]].sum()
    assert spent.to_numpy() == pytest.approx(np.ones((layers * length, 2)), abs=1e-5)
    assert ((table["rank"] > 0) == (table["weight"] > 0)).all()


def test_a_slot_of_weight_0_is_no_choice():
    """A what-if that lowers k leaves the slot, with no weight: it is drawn as not chosen."""
    trace = RoutingTrace(
        model="tiny", model_hash="0" * 12, token_ids=[1], pieces=(Piece("a"),), phase=("prompt",), layers=(0,),
        logits=None, probabilities=[[[0.5, 0.3, 0.2]]], expert_ids=[[[0, 1]]], weights=[[[1.0, 0.0]]])
    table = tables.routing_table(trace)
    assert (table["rank"].tolist(), table["weight"].tolist()) == ([1, 0, 0], [1, 0, 0])
