"""A summary says in a few numbers what its picture shows."""

import pandas as pd
import pytest

from moe_core.statistics import summaries


def test_the_gates_name_the_expert_chosen_most_often():
    routing = pd.DataFrame({"layer": [0] * 6 + [1], "position": [0, 0, 1, 1, 2, 2, 0], "expert": [0, 1] * 3 + [0],
                            "probability": [0.6, 0.4, 0.3, 0.7, 0.2, 0.8, 1], "rank": [1, 0, 0, 1, 0, 1, 1]})
    assert summaries.gate_summary(routing, 0) == {
        "n_tokens": 3, "experts": 2, "chance": 0.5, "busiest_expert": 1, "busiest_tokens": 2,
        "mean_first_probability": pytest.approx(0.7)}


def test_the_load_names_its_extremes():
    load = pd.DataFrame({"layer": [0, 0, 4, 4], "expert": [0, 1] * 2, "share": [0.5, 0.5, 1, 0], "chance": [0.5] * 4,
                         "low": [0.2, 0.2, 0.7, 0], "high": [0.8, 0.8, 1, 0.3]})
    assert summaries.load_summary(load) == {
        "layers": 2, "experts": 2, "chance": 0.5, "busiest_layer": 4, "busiest_expert": 0, "busiest_share": 1,
        "idle": 1, "uneven": 2}


def test_the_confidence_counts_hesitant_tokens():
    tokens = pd.DataFrame({"layer": [0, 0, 1], "margin": [0.05, 0.15, 0], "entropy": [1, 2, 9]})
    assert summaries.confidence_summary(tokens, 0, hesitant_below=0.1) == {
        "n_tokens": 2, "mean_margin": pytest.approx(0.1), "mean_entropy": 1.5, "hesitant_below": 0.1, "hesitant": 1}


def test_the_agreement_counts_decisions_and_tokens_apart():
    agreement = pd.DataFrame({"position": [0, 1, 0, 1], "same_choice": [True, False, True, False],
                              "margin": [0.4, 0.01, 0.5, 0.02]})
    assert summaries.agreement_summary(agreement) == {
        "n_tokens": 2, "decisions": 4, "flips": 2, "flip_share": 0.5, "flipped_tokens": 1, "first_flip": 1,
        "widest_flipped_margin": 0.02, "median_margin": pytest.approx(0.21)}


def test_without_a_flip_there_is_no_first_one():
    agreement = pd.DataFrame({"position": [0], "same_choice": [True], "margin": [0.4]})
    told = summaries.agreement_summary(agreement)
    assert (told["flips"], told["first_flip"], told["widest_flipped_margin"]) == (0, None, None)


def test_the_outputs_name_the_token_that_suffered_most():
    outputs = pd.DataFrame({"position": [0, 1], "token": ["a", "b"], "top_a": ["x", "y"], "top_b": ["x", "z"],
                            "kl": [0.25, 0.75], "max_abs_logit_difference": [3, 2]})
    assert summaries.outputs_summary(outputs) == {
        "n_tokens": 2, "mean_kl": 0.5, "worst_kl": 0.75, "worst_position": 1, "worst_token": "b",
        "max_abs_logit_difference": 3, "top1_agreement": 0.5}
