"""`regret` prints the library's numbers, keeps them for the page, and refuses bad input in one line."""

import pytest
from running import json_of, save_tiny_model

from moe_core.__main__ import main
from moe_core.interventions import hindsight
from moe_core.interventions.regret import regrets
from moe_core.tracing.own import load_model

TEXTS = ("the cat sat", "我喜欢学习AI。")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> str:
    return save_tiny_model(tmp_path_factory.mktemp("models"))


@pytest.fixture
def file(tmp_path) -> str:
    (tmp_path / "texts.txt").write_text("\n".join(TEXTS), encoding="utf-8")
    return str(tmp_path / "texts.txt")


def test_it_prints_and_keeps_what_the_library_finds(folder, file, capsys, tmp_path):
    kept = tmp_path / "regret.json"
    printed = json_of(capsys, "regret", "--text", file, "--model", folder, "--out", kept)
    loaded = load_model(folder)
    known = regrets(loaded.model, [loaded.tokenizer.encode(text) for text in TEXTS])
    assert [row["regret"] for row in printed["rows"]] == pytest.approx(known.layers["regret"].tolist())
    assert [row["layer"] for row in printed["rows"]] == [0, 1]
    assert len(printed["rows_experts"]) == 2 * 4
    assert printed["settings"]["sets"] == 6
    assert printed["settings"]["model_hash"] == loaded.hash
    assert hindsight.load(kept).layers["regret"].tolist() == pytest.approx(known.layers["regret"].tolist(), rel=1e-5)


@pytest.mark.parametrize(("arguments", "told"), [
    (["--layer", "2"], "layer must lie in 0..1, got 2"), (["--seed", "-1"], "seed must lie in"),
    (["--seconds", "0"], "give it more seconds"), (["--text", "gone.txt"], "gone.txt"),
])
def test_bad_input_ends_with_2_and_one_line(folder, file, capsys, arguments, told):
    given = arguments if "--text" in arguments else ["--text", file, *arguments]
    assert main(["regret", *given, "--model", folder]) == 2
    assert told in capsys.readouterr().err
