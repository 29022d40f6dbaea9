"""What a widget is given says what the trace says, in the visitor's language, and nothing else."""

import json

import numpy as np
import pytest

from app.session import Session
from app.views import prompt as views
from app.views.panel import csv_file
from app.views.strip import HESITATES_BELOW, strip
from moe_core.pieces import Piece
from moe_core.tracing.trace import RoutingTrace

# Two layers, three tokens, three experts, two chosen; token 1 of layer 0 hesitates between its second and third.
LOGITS = np.array([[[3.0, 2.0, 0.0], [1.0, 2.0, 0.95], [0.0, 1.0, 2.0]],
                   [[0.0, 1.0, 2.0], [2.0, 1.0, 0.0], [2.0, 0.0, 1.0]]], np.float32)


@pytest.fixture
def trace():
    probabilities = np.exp(LOGITS) / np.exp(LOGITS).sum(-1, keepdims=True)
    expert_ids = np.argsort(-LOGITS, axis=-1)[:, :, :2]
    weights = np.take_along_axis(probabilities, expert_ids, -1)
    return RoutingTrace(
        model="tiny", model_hash="0", token_ids=[5, 6, 7], pieces=(Piece("<b>"), Piece(" go"), Piece("ing")),
        phase=("prompt", "prompt", "generated"), layers=(0, 2), logits=LOGITS, probabilities=probabilities,
        expert_ids=expert_ids, weights=weights / weights.sum(-1, keepdims=True),
        candidate_ids=[[6, 1], [7, 1], [2, 1]], candidate_probabilities=[[0.5, 0.1], [0.6, 0.1], [0.7, 0.1]],
        candidate_labels=((" go", "a"), ("ing", "a"), ("${x}", "a")), settings={"format": "fp32", "device": "CPU"})


def test_every_token_shows_its_first_expert_of_that_layer(trace):
    assert [token["expert"] for token in strip(trace, 0, 0, "en")["tokens"]] == [0, 1, 2]
    assert [token["expert"] for token in strip(trace, 1, 0, "en")["tokens"]] == [2, 0, 0]


def test_a_small_margin_is_dashed(trace):
    assert HESITATES_BELOW > 0.05
    assert [token["hesitates"] for token in strip(trace, 0, 0, "en")["tokens"]] == [False, True, False]


def test_prompt_and_generated_tokens_are_told_apart(trace):
    assert [token["generated"] for token in strip(trace, 0, 0, "en")["tokens"]] == [False, False, True]


def test_a_word_in_two_pieces_is_joined(trace):
    assert [token["joined"] for token in strip(trace, 0, 0, "en")["tokens"]] == [False, False, True]


def test_markup_in_a_token_stays_the_token(trace):
    assert strip(trace, 0, 0, "en")["tokens"][0]["label"] == "<b>"


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", views.PANELS)
def test_every_panel_has_title_caption_summary_figure_and_badge(trace, name, language):
    value = views.panel_value(name, Session(trace, language=language, position=2))
    assert all(value[part] for part in ("title", "caption", "summary", "badge", "csv_hint"))
    assert json.loads(value["figure"])["data"]


def test_every_caption_that_shows_probabilities_names_chance(trace):
    session = Session(trace)
    for name in ("gates", "choice", "load"):
        assert "33.3%" in views.panel_value(name, session)["caption"]


def test_a_recorded_trace_says_so_and_an_own_run_is_measured(trace):
    session = Session(trace)
    assert views.panel_value("gates", session)["badge"] == "recorded · fp32 · CPU"
    assert views.panel_value("gates", session.with_trace(trace))["badge"] == "measured · fp32 · CPU"


def test_the_choice_names_the_runner_up_and_the_margin(trace):
    caption = views.panel_value("choice", Session(trace, position=1))["caption"]
    assert "runner-up E2" in caption
    assert "margin 0.05" in caption


def test_the_last_token_has_no_follower(trace):
    assert "The text ends here." in views.panel_value("next", Session(trace, position=2))["caption"]


def test_a_panels_table_can_be_taken_away(trace):
    file = csv_file("load", views.DRAWERS["load"], Session(trace))
    assert file["name"] == "moescope-load.csv"
    assert file["text"].startswith("layer,expert,share,")


def test_the_selection_stays_inside_a_shorter_trace(trace):
    session = Session(trace, layer=1, position=2).with_trace(trace.upto(1))
    assert (session.layer, session.position) == (1, 0)
