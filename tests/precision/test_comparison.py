"""What a comparison says follows from its two traces and its rows: worked out here by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest

from moe_core.pieces import Piece
from moe_core.precision.comparison import Comparison, outputs_table
from moe_core.tracing.trace import RoutingTrace


def trace(expert_ids, candidates):
    """Two tokens, two layers, three experts, of which each token meets two."""
    return RoutingTrace(
        model="tiny", model_hash="0", token_ids=[5, 6], pieces=[Piece("the"), Piece("鑫", 1, 3)], phase=["prompt"] * 2,
        layers=[0, 1], logits=np.zeros((2, 2, 3)), probabilities=np.full((2, 2, 3), 1 / 3), expert_ids=expert_ids,
        weights=np.full((2, 2, 2), 0.5), candidate_ids=[[1, 2], [1, 2]],
        candidate_probabilities=[[0.6, 0.4], [0.6, 0.4]], candidate_labels=candidates)


@pytest.fixture
def comparison():
    return Comparison(
        reference=trace([[[0, 1], [0, 1]], [[2, 0], [1, 2]]], (("cat", "dog"), ("家", "人"))),
        other=trace([[[1, 0], [0, 2]], [[2, 0], [0, 2]]], (("dog", "cat"), ("家", "人"))),
        kl=np.array([0.25, 0.75]), max_abs_logit_difference=np.array([0.5, 2.0]),
        top1_agrees=np.array([False, True]), overflowed=np.array([False, False]),
        greedy_reference=(7, 8), greedy_other=(7, 8), settings={})


def test_overall_figures_are_means_and_one_maximum(comparison):
    assert comparison.mean_kl == 0.5
    assert comparison.max_abs_logit_difference_overall == 2.0
    assert comparison.top1_agreement == 0.5
    assert comparison.overflow_rate == 0


def test_a_flip_is_a_changed_set_of_experts_not_a_changed_order(comparison):
    assert comparison.flips.tolist() == [[False, True], [False, True]]
    assert comparison.flip_rate_per_layer.tolist() == [0.5, 0.5]
    assert comparison.any_flip_rate == 0.5  # one token, in two layers


@pytest.mark.parametrize(("reference", "other", "step"), [
    ((5, 6, 7), (5, 6, 7), None), ((), (), None), ((5, 6, 7), (5, 9, 7), 1),
    ((), (5,), 0), ((5, 6), (5, 6, 7), 2), ((5, 6, 7), (5,), 1)])
def test_texts_part_at_the_first_token_that_differs_or_that_one_has_alone(comparison, reference, other, step):
    assert replace(comparison, greedy_reference=reference, greedy_other=other).first_divergence == step


def test_the_table_has_a_row_per_token_with_what_each_expects_next(comparison):
    assert outputs_table(comparison).to_dict("list") == {
        "position": [0, 1], "token": ["the", "鑫 1/3"], "top_a": ["cat", "家"], "top_b": ["dog", "家"],
        "kl": [0.25, 0.75], "max_abs_logit_difference": [0.5, 2.0]}


def test_where_the_other_overflowed_the_table_says_so(comparison):
    table = outputs_table(replace(comparison, overflowed=np.array([False, True]), kl=np.array([0.25, math.inf])))
    assert table["top_b"].tolist() == ["dog", "∞"]
    assert not table.isna().any().any()
