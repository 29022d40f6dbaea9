"""`export` writes the files, proves them and prints a card; bad input ends with 2 and one clear line."""

import json
import shutil

import pytest

from moe_core.__main__ import main
from moe_core.export import c_build
from moe_core.precision.plan import uniform, write_plan

CARD = ["to", "model", "model_hash", "plan", "bytes", "parameter_bytes", "files", "raised", "parity", "gate",
        "third_split", "devices"]
needs_compiler = pytest.mark.skipif(c_build.this_machine().missing is not None,
                                    reason=c_build.this_machine().missing or "")


@pytest.fixture(scope="module")
def tiny(model, tokenizer, tmp_path_factory):
    """A tiny model and its folder."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    model.save_pretrained(folder)
    tokenizer.save(folder)
    return model, str(folder)


@pytest.fixture
def export(tiny, tmp_path, capsys):
    """Runs the command and gives its exit code, its lines and the last one's object."""
    def export(*arguments: str, out: str | None = None) -> tuple[int, list[str], dict | None]:
        words = ["export", "--out", out or str(tmp_path / "out"), "--model", tiny[1], "--no-emulators", "--json"]
        try:
            code = main([*words, *arguments])
        except SystemExit as stopped:
            code = stopped.code
        printed = capsys.readouterr()
        lines = (printed.out or printed.err).splitlines()
        return code, lines, json.loads(lines[-1]) if code == 0 else None
    return export


@needs_compiler
def test_the_card_says_size_and_parity(export, tmp_path):
    code, lines, card = export("--plan", "int8", "--to", "c")
    assert (code, list(card)) == (0, CARD)
    assert card["bytes"] == (tmp_path / "out" / "model.bin").stat().st_size > card["parameter_bytes"]
    assert sorted(card["files"]) == sorted(file.name for file in (tmp_path / "out").iterdir())
    assert (card["parity"]["flips"], card["parity"]["greedy_equal"]) == (0, card["parity"]["greedy_tokens"])
    assert card["devices"][0]["program_bytes"] > 10_000
    assert (card["gate"], card["third_split"]) == (None, None)
    assert any("this machine" in line for line in lines)


@needs_compiler
def test_what_was_measured_on_the_plan_travels_with_it(export, tiny, tmp_path):
    third = {"delta_perplexity": 0.002, "upper": 0.003, "passed": True}
    found = {"plan": uniform(tiny[0], "int4"), "bytes": 1, "delta_perplexity": 0.003, "upper": 0.0041,
             "passed": True, "third_split": third}
    (tmp_path / "found.json").write_text("a table\n" + json.dumps(found))
    _, lines, card = export("--plan", str(tmp_path / "found.json"), "--to", "c")
    assert card["gate"] == {"delta_perplexity": 0.003, "upper": 0.0041, "passed": True}
    assert card["third_split"] == third
    assert "gate: perplexity +0.300%, at most +0.410% (95 % interval), passed" in lines


@needs_compiler
def test_what_was_measured_on_another_model_does_not(export, tiny, tmp_path):
    found = {"plan": uniform(tiny[0], "int4"), "upper": 0.1, "model_hash": "of another"}
    (tmp_path / "found.json").write_text(json.dumps(found))
    assert export("--plan", str(tmp_path / "found.json"), "--to", "c")[2]["gate"] is None


def test_without_a_compiler_the_files_are_written_and_the_card_says_why_nothing_ran(export, monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    code, lines, card = export("--plan", "int4", "--to", "c")
    assert (code, card["parity"]) == (0, None)
    assert (tmp_path / "out" / "model.bin").exists()
    assert any("no C compiler" in line and "apt-get install gcc" in line for line in lines)


def test_gguf_says_what_it_raised(export, tiny, tmp_path, monkeypatch):
    monkeypatch.setattr("moe_core.export.gguf_run.missing", lambda: "llama.cpp is not here")
    file = write_plan(uniform(tiny[0], "int4") | {"expert.0.1": "int8"}, tmp_path / "plan.json")
    code, lines, card = export("--plan", str(file), "--to", "gguf")
    assert (code, card["raised"]["expert.0.0"]) == (0, {"asked": "int4", "written": "int8"})
    assert any("parts were raised to what GGUF can say" in line for line in lines)
    assert any("llama.cpp is not here" in line for line in lines)


def test_onnx_runs_and_equals_the_simulator(export):
    code, _, card = export("--plan", "int8", "--to", "onnx")
    assert (code, card["parity"]["flips"], card["parity"]["greedy_equal"]) == (0, 0, card["parity"]["greedy_tokens"])
    assert card["parity"]["mean_kl"] < 1e-7


@pytest.mark.parametrize(("arguments", "words"), [
    (["--to", "c", "--plan", "int3"], "bf16, int8, int4, int2 or a plan file, got int3"),
    (["--to", "wasm"], "wasm"), (["--plan", "int4"], "--to")], ids=str)
def test_bad_input_ends_with_one_clear_line(export, arguments, words):
    code, lines, _ = export(*arguments)
    assert (code, len(lines)) == (2, 1)
    assert words in lines[0]


@pytest.mark.parametrize(("change", "words"), [
    ({"expert.7.7": "int4"}, "does not have: expert.7.7"), ({"embedding": "int3"}, "got int3")])
def test_an_unknown_part_or_format_is_named(export, tiny, tmp_path, change, words):
    file = write_plan(uniform(tiny[0], "fp32") | change, tmp_path / "plan.json")
    code, lines, _ = export("--to", "c", "--plan", str(file))
    assert (code, words in lines[0]) == (2, True)


def test_a_folder_that_cannot_be_written_is_named(export, tmp_path):
    (tmp_path / "file").write_text("")
    code, lines, _ = export("--to", "c", out=str(tmp_path / "file"))
    assert (code, len(lines)) == (2, 1)
    assert f"cannot write into {tmp_path / 'file'}" in lines[0]


def test_a_read_only_folder_is_named_before_anything_is_loaded(export, tmp_path, monkeypatch):
    def refuse(dir):
        raise PermissionError(13, "Permission denied")
    monkeypatch.setattr("moe_core.commands.export.TemporaryFile", refuse)
    assert export("--to", "c")[1] == [f"moe_core export: cannot write into {tmp_path / 'out'}: Permission denied"]
