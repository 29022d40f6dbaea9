"""A run from a visitor's file is shown as it is, or refused in one line; nothing in it is trusted."""

import json
from dataclasses import replace

import numpy as np
import pytest

from app.limits import MAX_TRACE_TOKENS, Refusal
from app.opening import opened_run
from moe_core.pieces import Piece
from moe_core.tracing import bundle
from moe_core.tracing.trace import RoutingTrace


@pytest.fixture
def trace():
    return RoutingTrace(
        model="other", model_hash="ab" * 6, token_ids=[1, 2], layers=(0,), phase=("prompt", "generated"),
        pieces=(Piece("a"), Piece("b")), logits=None,
        probabilities=[[[0.6, 0.3, 0.1], [0.2, 0.3, 0.5]]], expert_ids=[[[0], [2]]], weights=[[[1.0], [1.0]]],
        settings={"format": "bf16" * 50, "stopped": "no such reason", "list": [1]})


def opened(trace, folder):
    return opened_run(str(bundle.save(trace, folder / "run.json")))


def test_a_saved_run_comes_back(trace, tmp_path):
    again = opened(trace, tmp_path)
    assert again.text == "ab"
    np.testing.assert_array_equal(again.expert_ids, trace.expert_ids)


def test_settings_are_cut_to_what_a_page_can_print(trace, tmp_path):
    settings = opened(trace, tmp_path).settings
    assert len(settings["format"]) == 60
    assert settings["stopped"] == "end"
    assert "list" not in settings


@pytest.mark.parametrize("text", ["", "[]", "{", "\x00", '{"format": "moescope-trace"}', "null"])
def test_anything_else_is_refused_by_name(tmp_path, text):
    file = tmp_path / "odd.json"
    file.write_text(text, encoding="utf-8")
    refusal = opened_run(str(file))
    assert (refusal.key, refusal.values["name"]) == ("refuse.file", "odd.json")
    assert str(tmp_path) not in refusal.values["error"]


def test_no_file_is_refused():
    assert opened_run(None).key == "refuse.file"


def test_a_changed_file_is_refused(trace, tmp_path):
    file = bundle.save(trace, tmp_path / "run.json")
    file.write_text(file.read_text().replace('"other"', '"ours"'))
    assert "checksum" in opened_run(str(file)).values["error"]


def test_a_run_without_tokens_or_with_too_many_is_refused(trace, tmp_path):
    assert "no token" in opened(trace.upto(0), tmp_path).values["error"]
    many = MAX_TRACE_TOKENS + 1
    long = replace(trace, token_ids=[1] * many, pieces=trace.pieces[:1] * many, phase=("prompt",) * many,
                   probabilities=np.full((1, many, 3), 1 / 3), expert_ids=np.zeros((1, many, 1)),
                   weights=np.ones((1, many, 1)))
    assert opened(long, tmp_path).key == "refuse.file.large"


def test_a_token_that_is_no_text_and_a_weight_that_is_no_number_are_refused(trace, tmp_path):
    odd = replace(trace, pieces=(Piece(1), trace.pieces[1]))
    assert isinstance(opened(odd, tmp_path), Refusal)
    assert "weight" in opened(replace(trace, weights=[[[np.nan], [1.0]]]), tmp_path).values["error"]
    assert json.loads((tmp_path / "run.json").read_text())["format"] == "moescope-trace"
