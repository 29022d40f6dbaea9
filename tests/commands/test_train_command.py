"""`train` offers the laboratory and hands whole models over; its JSON has the promised keys."""

import pytest
from running import json_of

from moe_core.__main__ import main

KEYS = {"experts", "epochs", "batch", "loss", "validation_loss", "accuracy", "recall", "f1", "load", "seconds",
        "sample"}


@pytest.fixture
def train(capsys):
    """Run `train` with --json and read its last line."""
    return lambda *arguments: json_of(capsys, "train", *arguments)


def test_thousand_words_of_ones_own(train, tmp_path):
    words = tmp_path / "words.txt"
    words.write_text("\n".join(["我", "喜欢", "学习", "AI", *(f"w{n}" for n in range(26))]), encoding="utf-8")
    found = train("--words", str(words), "--epochs", "2", "--experts", "3")
    assert found.keys() >= KEYS
    assert (found["experts"], found["epochs"], found["batch"], len(found["load"])) == (3, 2, 32, 3)
    assert found["sample"].startswith("我")


def test_a_live_run_on_ones_own_text(train, tmp_path):
    text = tmp_path / "own.txt"
    text.write_text("小猫坐在垫子上，小狗跑到公园里。The cat sat on the mat.\n" * 80, encoding="utf-8")
    found = train("--preset", "lab", "--text", str(text), "--steps", "10", "--experts", "3", "--k", "1")
    assert found.keys() >= KEYS
    assert found["state"] == "finished"
    assert len(found["load"]) == found["layers"]


@pytest.mark.parametrize(("arguments", "told"), [
    (["--preset", "main"], "give --corpus, --heldout, --out"),
    (["--words", "no-such-file"], "no-such-file"),
    (["--preset", "lab", "--k", "11"], "k must lie in 1..10, got 11"),
    (["--learning-rate", "1000"], "learning_rate must lie in"),
])
def test_what_cannot_be_is_said_in_one_line(capsys, arguments, told):
    assert main(["train", *arguments]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1


def test_two_words_are_too_few(capsys, tmp_path):
    words = tmp_path / "two.txt"
    words.write_text("one\ntwo\n", encoding="utf-8")
    assert main(["train", "--words", str(words)]) == 2
    assert "2 different words" in capsys.readouterr().err
