"""The history of a model tells what its run's own files hold, and is written by the run and by a command."""

import json

import pytest

from moe_core.__main__ import main
from moe_core.tokenizer import Tokenizer
from moe_core.training import history


def test_a_finished_run_leaves_its_history_beside_the_model(finished):
    found = history.load(finished / "run" / "model")
    data = found["data"]["training"]
    assert (data["documents"], data["languages"]) == (16, {"en": 8, "zh": 8})
    assert data["domains"]["story_zh"] == [8, 4 * 30 * (5 + 8)]
    assert data["characters"] == sum(characters for _, characters in data["domains"].values())
    assert found["training"]["steps"] == 8
    assert found["training"]["tokens"] == 8 * 4 * 16
    assert found["training"]["dials"]["learning_rate"] == 4e-3


def test_what_is_told_of_the_tokens_can_be_counted_again(finished):
    found = history.load(finished / "run" / "model")["preprocessing"]
    tokenizer = Tokenizer.load(finished / "run" / "model")
    assert (found["vocabulary"], found["bytes"]) == (tokenizer.vocab_size, 256)
    english = ["the cat likes the dog. " * 30, "the dog likes the cat. " * 30]
    assert found["characters_per_token"]["en"] == pytest.approx(
        sum(map(len, english)) / sum(len(tokenizer.encode(text)) for text in english), abs=1e-4)
    assert found["tokens"] == (finished / "run" / "training.tokens").stat().st_size / 2


def test_the_command_writes_the_same_for_a_run_that_left_none(finished, tmp_path, capsys):
    run = finished / "run"
    texts = ["--corpus", str(finished / "corpus.jsonl"), "--heldout", str(finished / "corpus.jsonl")]
    assert main(["record", "--history", str(run), "--model", str(run / "model"), "--out", str(tmp_path), *texts]) == 0
    assert json.loads((tmp_path / "history.json").read_text()) == json.loads((run / "model/history.json").read_text())
    assert "16 documents, 8 steps" in capsys.readouterr().out
    assert main(["record", "--history", str(run), "--model", str(run / "model")]) == 2
    assert "give --corpus, --heldout" in capsys.readouterr().err


def test_no_history_is_nothing_and_a_damaged_one_is_named(tmp_path):
    assert history.load(tmp_path) is None
    for text in ("", "[]", '{"format": "moescope-history", "version": 1, "data": {}}'):
        (tmp_path / "history.json").write_text(text)
        with pytest.raises(history.HistoryError, match=r"history\.json holds no history"):
            history.load(tmp_path)
