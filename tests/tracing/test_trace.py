"""A RoutingTrace holds one text's routing, every array in its announced shape, or it does not come to be."""

from dataclasses import replace

import numpy as np
import pytest

from moe_core.pieces import Piece
from moe_core.tracing.trace import RoutingTrace


@pytest.fixture
def trace():  # L = 2 layers (numbers 1 and 3), T = 3 tokens, E = 4 experts, K = 2, C = 2 candidates
    logits = np.array([[[4, 3, 2, 1], [1, 2, 3, 4], [0, 9, 0, 8]],
                       [[1, 5, 1, 6], [7, 1, 8, 1], [2, 4, 6, 8]]])
    probabilities = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    return RoutingTrace(
        model="tiny", model_hash="abc", token_ids=[7, 8, 9], pieces=(Piece("Hi"), Piece("鑫", 1, 2), Piece("鑫", 2, 2)),
        phase=("prompt", "prompt", "generated"), layers=(1, 3), logits=logits, probabilities=probabilities,
        expert_ids=[[[0, 1], [3, 2], [1, 3]], [[3, 1], [2, 0], [3, 2]]], weights=np.full((2, 3, 2), 0.5),
        candidate_ids=[[8, 7], [9, 7], [7, 8]], candidate_probabilities=[[0.9, 0.1]] * 3,
        candidate_labels=(("鑫 1/2", "Hi"), ("鑫 2/2", "Hi"), ("Hi", "鑫 1/2")), settings={"seed": 0})


def test_it_knows_its_numbers_of_experts(trace):
    assert (trace.experts, trace.experts_per_token) == (4, 2)


def test_a_trace_of_ids_only_takes_the_number_of_experts_from_its_settings(trace):
    served = replace(trace, logits=None, probabilities=None, settings={"experts": 16})
    assert served.experts == 16


def test_a_trace_of_ids_only_must_say_how_many_experts_there_are(trace):
    with pytest.raises(ValueError, match="settings\\['experts'\\]"):
        replace(trace, logits=None, probabilities=None)


def test_its_arrays_are_numbers_of_one_kind(trace):
    assert trace.expert_ids.dtype == trace.token_ids.dtype == np.int64
    assert trace.logits.dtype == trace.weights.dtype == np.float32


def test_a_character_of_two_tokens_is_read_once(trace):
    assert trace.text == "Hi鑫"


def test_a_prefix_is_the_trace_as_it_was_then(trace):
    early = trace.upto(2)
    assert early.token_ids.tolist() == [7, 8]
    assert early.phase == ("prompt", "prompt")
    assert early.expert_ids.tolist() == [[[0, 1], [3, 2]], [[3, 1], [2, 0]]]
    assert early.candidate_labels == (("鑫 1/2", "Hi"), ("鑫 2/2", "Hi"))
    assert early.settings == trace.settings


def test_a_character_is_not_read_before_its_last_token_came(trace):
    assert trace.upto(2).text == "Hi"


def test_the_empty_prefix_has_all_layers_and_no_token(trace):
    assert trace.upto(0).logits.shape == (2, 0, 4)
    assert trace.upto(0).text == ""


@pytest.mark.parametrize("length", [-1, 4])
def test_no_prefix_is_longer_than_the_text(trace, length):
    with pytest.raises(ValueError, match=rf"length must lie in 0\.\.3, got {length}"):
        trace.upto(length)


@pytest.mark.parametrize(("field", "value", "message"), [
    ("token_ids", [[1, 2, 3]], "token_ids must have one axis"),
    ("pieces", (Piece("Hi"),), r"pieces must have shape \(3,\), got \(1,\)"),
    ("phase", ("prompt",) * 2, r"phase must have shape \(3,\), got \(2,\)"),
    ("phase", ("prompt", "prompt", "answer"), "phase must be one of .* got 'answer'"),
    ("layers", (1, 2, 3), r"expert_ids must have shape \(3, 3, 2\), got \(2, 3, 2\)"),
    ("layers", (1, 1), "layers must be distinct"),
    ("logits", np.zeros((2, 3)), r"logits must have shape .* got \(2, 3\)"),
    ("probabilities", np.zeros((2, 3, 5)), r"probabilities must have shape \(2, 3, 4\), got \(2, 3, 5\)"),
    ("expert_ids", np.zeros((2, 3)), "expert_ids must have three axes"),
    ("expert_ids", np.full((2, 3, 2), 4), r"expert_ids must lie in 0\.\.3, got 4\.\.4"),
    ("expert_ids", np.full((2, 3, 2), -1), r"expert_ids must lie in 0\.\.3, got -1"),
    ("weights", np.zeros((2, 3, 1)), r"weights must have shape \(2, 3, 2\), got \(2, 3, 1\)"),
    ("candidate_ids", [[1, 2]], r"candidate_ids must have shape \(3, C\), got \(1, 2\)"),
    ("candidate_probabilities", None, "must be given together"),
    ("candidate_probabilities", np.zeros((3, 1)), "candidate_probabilities must have shape"),
    ("candidate_labels", (("a", "b"),), "candidate_labels must have 3 rows of 2, got 1 rows"),
])
def test_what_does_not_fit_is_refused_by_name(trace, field, value, message):
    with pytest.raises(ValueError, match=message):
        replace(trace, **{field: value})


def test_no_token_gets_more_experts_than_there_are(trace):
    with pytest.raises(ValueError, match=r"experts per token must lie in 1\.\.4, got 5"):
        replace(trace, expert_ids=np.zeros((2, 3, 5)), weights=np.zeros((2, 3, 5)))
