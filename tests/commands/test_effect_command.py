"""`effect` prints the library's numbers, with every promised key; bad input ends with 2 and one clear line."""

import json

import pytest
from running import exit_code, json_of, save_tiny_model

from moe_core.__main__ import main
from moe_core.commands.record import PROBES, sentences_of
from moe_core.interventions import recording
from moe_core.interventions.effect import effects
from moe_core.tracing.own import load_model

KEYS = ["layer", "expert", "delta_nats", "low", "high", "control_low", "control_high", "n"]
TEXT = "the cat sat\n\n我喜欢学习AI。\r\n  the mat  \n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> str:
    return save_tiny_model(tmp_path_factory.mktemp("models"))


@pytest.fixture
def file(tmp_path) -> str:
    (tmp_path / "texts.txt").write_text(TEXT, encoding="utf-8")
    return str(tmp_path / "texts.txt")


@pytest.fixture
def effect(folder, capsys):
    """Run `effect` with --json and read its last line."""
    return lambda *arguments: json_of(capsys, "effect", *arguments, "--model", folder)


def test_it_prints_what_the_library_finds_for_every_line_of_the_file(folder, file, effect):
    found = effect("--text", file)
    loaded = load_model(folder)
    texts = ("the cat sat", "我喜欢学习AI。", "the mat")
    known = effects(loaded.model, [loaded.tokenizer.encode(text) for text in texts])
    for scope, rows in (("all", found["rows"]), ("chosen", found["rows_chosen"])):
        assert len(rows) == 2 * 4
        assert all(list(row) == KEYS for row in rows)
        known_rows = known.table[known.table["scope"] == scope]
        assert [row["n"] for row in rows] == known_rows["n"].tolist()
        assert [row["delta_nats"] for row in rows] == pytest.approx(
            known_rows["delta_nats"].astype(object).where(known_rows["n"] > 0, None).tolist())
    assert (found["settings"]["model"], found["settings"]["texts"]) == ("tiny", 3)
    assert found["settings"]["complete"]


def test_a_layer_can_be_asked_alone(file, effect):
    rows = effect("--layer", "1", "--text", file)["rows"]
    assert [(row["layer"], row["expert"]) for row in rows] == [(1, 0), (1, 1), (1, 2), (1, 3)]


def test_a_line_longer_than_the_model_is_read_in_parts(tmp_path, effect):
    (tmp_path / "long.txt").write_text("the cat sat on the mat. " * 30, encoding="utf-8")
    settings = effect("--layer", "0", "--text", tmp_path / "long.txt")["settings"]
    assert settings["texts"] > 1


def test_no_time_gives_no_rows_and_says_so(folder, file, capsys):
    assert main(["effect", "--seconds", "0", "--text", file, "--model", folder]) == 0
    assert "stopped by the time limit" in capsys.readouterr().out


def test_the_shipped_probes_are_forty_sentences_in_each_language():
    english, chinese = (sentences_of(PROBES / f"probe_{language}.txt") for language in ("en", "zh"))
    assert (len(set(english)), len(set(chinese))) == (40, 40)
    assert all(sentence.isascii() for sentence in english)
    assert all(any("\u4e00" <= char <= "\u9fff" for char in sentence) for sentence in chinese)


@pytest.mark.parametrize(("arguments", "reason"), [
    (["--layer", "2"], "layer must lie in 0..1, got 2"),
    (["--layer", "-1"], "layer must lie in 0..1, got -1"),
    (["--layer", "first"], "invalid int value: 'first'"),
    (["--seed", "-1"], "seed must lie in 0 or more, got -1"),
    (["--seconds", "nan"], "'nan'"),
    (["--text", "nowhere.txt"], "nowhere.txt"),
], ids=str)
def test_bad_input_ends_with_one_clear_line(folder, file, capsys, arguments, reason):
    assert exit_code(["effect", "--text", file, "--model", folder, *arguments]) == 2
    printed = capsys.readouterr()
    assert reason in printed.err
    assert printed.err.count("\n") == 1


def test_a_file_without_text_is_refused(folder, tmp_path, capsys):
    (tmp_path / "empty.txt").write_text("\n \n", encoding="utf-8")
    assert exit_code(["effect", "--text", str(tmp_path / "empty.txt"), "--model", folder]) == 2
    assert "has no text in it; give it one text per line" in capsys.readouterr().err


def test_what_it_prints_can_be_kept_as_a_file_for_the_page(file, tmp_path, effect):
    printed = effect("--text", file, "--out", tmp_path / "effect.json")
    kept = recording.load(tmp_path / "effect.json")
    assert len(kept.table) == 2 * 2 * 4
    assert kept.settings["model_hash"] == printed["settings"]["model_hash"]
    assert json.loads((tmp_path / "effect.json").read_text(encoding="utf-8"))["rows"] == printed["rows"]
