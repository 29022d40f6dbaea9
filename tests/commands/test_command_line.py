"""The command line prints what the library computes; bad input ends with 2 and one clear line."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from running import exit_code, json_of, save_tiny_model

from moe_core.__main__ import main
from moe_core.commands import record
from moe_core.commands.compare import as_json
from moe_core.commands.printing import columns, shown
from moe_core.pieces import Piece
from moe_core.precision import recording
from moe_core.precision.compare import compare
from moe_core.sampling import Sampling
from moe_core.tracing import bundle
from moe_core.tracing.own import load_model, trace_stream

ROOT = Path(__file__).resolve().parents[2]
TRACE_KEYS = ["model", "tokens", "phase", "experts", "experts_per_token", "layers", "expert_ids", "weights",
              "probabilities", "text"]
COMPARE_KEYS = ["mean_kl", "max_abs_logit_difference", "top1_agreement", "flip_rate_per_layer", "first_divergence",
                "engine", "formats"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> str:
    return save_tiny_model(tmp_path_factory.mktemp("models"), num_hidden_layers=3, shared_intermediate_size=8)


@pytest.fixture
def json_line(folder, capsys):
    """Run a command with --json and read its last line."""
    return lambda *arguments: json_of(capsys, *arguments, "--model", folder)


def test_trace_prints_every_promised_key_in_its_shape(json_line):
    found = json_line("trace", "the cat 我", "--max-new-tokens", "5")
    assert list(found) == TRACE_KEYS
    tokens = len(found["tokens"])
    assert (found["model"], found["experts"], found["experts_per_token"], found["layers"]) == ("tiny", 4, 2, [0, 1, 2])
    assert np.shape(found["expert_ids"]) == np.shape(found["weights"]) == (3, tokens, 2)
    assert np.shape(found["probabilities"]) == (3, tokens, 4)
    assert set(found["phase"]) == {"prompt", "generated"}
    assert found["text"].startswith("the cat 我")
    assert np.allclose(np.sum(found["weights"], -1), 1)
    assert np.allclose(np.sum(found["probabilities"], -1), 1)


def test_trace_prints_what_the_library_traced(json_line, folder):
    found = json_line("trace", "the mat", "--max-new-tokens", "4", "--temperature", "0.8", "--seed", "7")
    *_, trace = trace_stream(load_model(folder), "the mat", Sampling(max_new_tokens=4, temperature=0.8, seed=7))
    assert found["expert_ids"] == trace.expert_ids.tolist()
    assert found["weights"] == trace.weights.tolist()
    assert found["text"] == trace.text


def test_the_same_seed_gives_the_same_text_and_another_seed_another(json_line):
    text = [json_line("trace", "the", "--max-new-tokens", "12", "--temperature", "1", "--seed", seed)["text"]
            for seed in ("1", "1", "2")]
    assert text[0] == text[1] != text[2]


def test_no_new_tokens_leaves_the_prompt_alone(json_line):
    assert json_line("trace", "the cat", "--max-new-tokens", "0")["text"] == "the cat"


def test_the_table_names_the_chosen_experts_of_every_token(folder, capsys):
    assert main(["trace", "cat", "--max-new-tokens", "0", "--model", folder]) == 0
    lines = capsys.readouterr().out.splitlines()
    *_, trace = trace_stream(load_model(folder), "cat", Sampling(max_new_tokens=0))
    head = next(index for index, line in enumerate(lines) if "L0" in line and "token" in line)
    assert lines[head + 1].split()[3:] == ["E{}+E{}".format(*layer[0]) for layer in trace.expert_ids]
    assert "fp32 on CPU" in lines[-1]


def test_compare_prints_every_promised_key(json_line):
    found = json_line("compare", "the cat sat 我喜欢", "--formats", "fp32,fp16")
    assert list(found) == COMPARE_KEYS
    assert found["mean_kl"] >= 0
    assert found["max_abs_logit_difference"] > 0
    assert 0 <= found["top1_agreement"] <= 1
    assert len(found["flip_rate_per_layer"]) == 3
    assert all(0 <= rate <= 1 for rate in found["flip_rate_per_layer"])


def test_a_format_compared_with_itself_changes_nothing(json_line):
    found = json_line("compare", "the cat sat", "--formats", "fp32,fp32")
    assert found.items() >= {"mean_kl": 0.0, "max_abs_logit_difference": 0.0, "top1_agreement": 1.0,
                             "flip_rate_per_layer": [0.0, 0.0, 0.0], "first_divergence": None}.items()
    assert found["formats"]["fp32"]["delta_perplexity"] == 0


def test_several_formats_share_one_engine_and_whole_numbers_are_stored(json_line, capsys):
    found = json_line("compare", "the cat sat on the mat", "--formats", "fp32,fp16,int8,int2", "--engine", "compute")
    assert found["engine"] == "storage"
    assert {row["engine"] for row in found["formats"].values()} == {"storage"}
    kl = [found["formats"][name]["mean_kl"] for name in ("fp16", "int8", "int2")]
    assert kl == sorted(kl)
    assert found["mean_kl"] == kl[0]  # the first other format answers for itself


def test_a_format_that_is_only_stored_is_said_to_be(folder, capsys):
    assert main(["compare", "the cat", "--formats", "fp32,int8", "--model", folder]) == 0
    assert "int8 can only be stored" in capsys.readouterr().out


def test_the_probe_texts_are_kept_with_the_models_hash(folder, tmp_path, capsys, monkeypatch):
    (tmp_path / "probe_en.txt").write_text("the cat sat\nthe mat\n", "utf-8")
    monkeypatch.setattr(record, "PROBES", tmp_path)
    file = tmp_path / "precision.json"
    assert main(["compare", "--probes", "--formats", "fp32,fp16", "--out", str(file), "--model", folder]) == 0
    recorded = recording.load(file)
    assert recorded.settings["model_hash"] == load_model(folder).hash
    assert recorded.table.groupby("engine").size().to_dict() == {"compute": 4, "storage": 4}
    assert set(recorded.table["texts"]) == {2}


def test_a_text_and_the_probes_exclude_each_other(folder, capsys):
    for arguments in (["compare", "--model", folder], ["compare", "cat", "--probes", "--model", folder]):
        assert main(arguments) == 2
        assert "a text, or --probes" in capsys.readouterr().err


def test_replayed_routes_do_not_flip(json_line):
    found = json_line("compare", "the cat sat 我喜欢", "--formats", "fp32,bf16", "--engine", "storage", "--replay")
    assert found["flip_rate_per_layer"] == [0.0, 0.0, 0.0]


def test_a_precision_figure_names_format_engine_and_device(folder, capsys):
    assert main(["compare", "the cat", "--router-fp32", "--model", folder]) == 0
    assert "fp32 against fp16 (compute, routers in fp32) on CPU" in capsys.readouterr().out.splitlines()[-1]


def test_an_overflow_is_null_because_json_has_no_infinity(folder):
    loaded = load_model(folder)
    fine = compare(loaded, loaded.tokenizer.encode("the cat"), "fp16", new_tokens=1)
    overflowed = replace(fine, kl=np.array([0.0, np.inf]), max_abs_logit_difference=np.array([0.0, np.inf]))
    found = json.loads(json.dumps(as_json(overflowed), allow_nan=False))
    assert (found["mean_kl"], found["max_abs_logit_difference"]) == (None, None)


@pytest.mark.parametrize(("arguments", "reason"), [
    (["trace", ""], "the prompt is empty"),
    (["trace", " \n\t"], "the prompt is empty"),
    (["trace", "a\ud800b"], "lone surrogate"),
    (["trace", "a " * 80], "1..63 tokens"),
    (["trace", "cat", "--max-new-tokens", "-1"], "max_new_tokens must lie in 0 or more, got -1"),
    (["trace", "cat", "--max-new-tokens", "many"], "invalid int value: 'many'"),
    (["trace", "cat", "--temperature", "-1"], "temperature must lie in 0..5, got -1.0"),
    (["trace", "cat", "--temperature", "nan"], "'nan'"),
    (["trace", "cat", "--top-p", "0"], "top_p"),
    (["trace", "cat", "--seed", "-1"], "seed"),
    (["trace"], "prompt"),
    (["compare", "", "--formats", "fp32,fp16"], "the prompt is empty"),
    (["compare", "cat", "--formats", "fp16,fp32"], "fp16,fp32"),
    (["compare", "cat", "--formats", "fp32"], "got fp32"),
    (["compare", "cat", "--formats", "fp32,fp7"], "fp7"),
    (["compare", "cat", "--engine", "magic"], "magic"),
    (["dance"], "dance"),
    ([], "COMMAND"),
], ids=str)
def test_bad_input_ends_with_one_clear_line(folder, capsys, arguments, reason):
    known = arguments[:1] in (["trace"], ["compare"])
    assert exit_code(arguments + ["--model", folder] * known) == 2
    printed = capsys.readouterr()
    assert "{" not in printed.out
    assert reason in printed.err
    assert printed.err.count("\n") == 1


def test_missing_model_files_are_named(tmp_path, capsys):
    assert exit_code(["trace", "cat", "--model", str(tmp_path / "nowhere")]) == 2
    line = capsys.readouterr().err
    assert line.startswith("moe_core trace: ")
    assert str(tmp_path / "nowhere" / "config.json") in line


def test_it_runs_as_a_module_and_speaks_chinese_without_a_locale(folder):
    command = [sys.executable, "-m", "moe_core", "trace", "我喜欢学习AI", "--max-new-tokens", "2", "--json",
               "--model", folder]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=120,
                          env={**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": ""})
    assert (done.returncode, done.stderr.decode()) == (0, "")
    assert json.loads(done.stdout.decode().splitlines()[-1])["text"].startswith("我喜欢学习AI")


def test_columns_line_up_in_both_languages():
    assert columns([["token", "L0"], ["学习", "E3"], ["a", "E4"]]) == "token  L0\n学习   E3\na      E4"


def test_a_character_that_commands_the_terminal_is_shown_and_not_obeyed():
    assert shown(Piece("\x1b")) == "␛"
    assert shown(Piece("鑫", 1, 3)) == ""
    assert shown(Piece("鑫", 3, 3)) == "鑫"
    assert shown(Piece("\n")) == "\n"


def test_a_saved_trace_replays_without_the_model(json_line, tmp_path):
    file = tmp_path / "cat.trace.json"
    printed = json_line("trace", "the cat", "--max-new-tokens", "3", "--save", str(file))
    replayed = bundle.load(file)
    assert replayed.expert_ids.tolist() == printed["expert_ids"]
    assert [piece.label for piece in replayed.pieces] == printed["tokens"]
