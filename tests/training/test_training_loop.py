"""A run learns, and an interrupted run that resumes is bit for bit the run that was never interrupted."""

import csv
from argparse import Namespace
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from moe_core.tokenizer import Tokenizer
from moe_core.training import __main__ as command
from moe_core.training import export, presets
from moe_core.training.batches import TokenStream, write_stream
from moe_core.training.loop import DOMAIN_LOG, LOAD_LOG, LOG, Run, Streams
from moe_core.training.presets import Dials
from moe_core.training.streams import HELDOUT, TRAINING

MODEL = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "num_experts": 4,
         "moe_intermediate_size": 16, "shared_intermediate_size": 16}  # fmt: skip
DIALS = Dials(steps=6, model=MODEL, batch_size=4, length=16, learning_rate=1e-2, warmup_steps=2,
              log_every=2, validate_every=4, validation_batches=1)  # fmt: skip
TEXTS = ["the cat likes the dog. ", "the dog likes the cat. ", "猫喜欢狗。", "狗喜欢猫。"] * 40


@pytest.fixture(scope="module")
def streams(tmp_path_factory):
    path = tmp_path_factory.mktemp("streams") / "tokens"
    write_stream(path, Tokenizer.train(TEXTS, vocab_size=300), TEXTS)
    return Streams(TokenStream(path, DIALS.length), TokenStream(path, DIALS.length))


@pytest.fixture
def run(streams, tmp_path):
    return lambda folder, dials=DIALS: Run(dials, 300, streams, tmp_path / folder)


def rows(folder) -> list[dict]:
    with (folder / LOG).open(newline="", encoding="utf-8") as file:
        return [{name: value for name, value in row.items() if name != "tokens_per_second"}
                for row in csv.DictReader(file)]  # fmt: skip


def test_a_resumed_run_equals_an_uninterrupted_one_bit_for_bit(run, tmp_path):
    whole, first = run("whole"), run("parts")
    whole.go(say=str)
    first.go(say=str, until=4)
    second = run("parts")
    second.resume()
    assert second.step == 4
    second.go(say=str)
    for name, parameter in whole.model.state_dict().items():
        assert torch.equal(parameter, second.model.state_dict()[name]), name
    assert rows(tmp_path / "whole") == rows(tmp_path / "parts")


def test_rows_after_the_checkpoint_are_forgotten_on_resume(run, tmp_path):
    run("cut").go(say=str, until=2)
    with (tmp_path / "cut" / LOG).open("a") as log:
        log.write("4,256,9.9,,1.0,0.0,0.0,1\n")
    again = run("cut")
    again.resume()
    again.go(say=str, until=2)
    assert [row["step"] for row in rows(tmp_path / "cut")] == ["2"]


def test_the_loss_falls_on_a_tiny_text(run, tmp_path):
    learner = run("learner", replace(DIALS, steps=60))
    before = learner.validate()
    learner.go(say=str)
    assert before > 5.5
    assert learner.validate() < 2
    log = rows(tmp_path / "learner")
    assert float(log[-1]["loss"]) < float(log[0]["loss"])
    assert [row["step"] for row in log if row["validation_loss"]] == [str(step) for step in range(4, 61, 4)]


def test_a_run_in_bf16_learns_what_one_in_fp32_learns_but_for_rounding(run):
    exact, short = run("fp32"), run("bf16", replace(DIALS, precision="bf16"))
    exact.go(say=str, until=3)
    short.go(say=str, until=3)
    assert {parameter.dtype for parameter in short.model.parameters()} == {torch.float32}
    assert 0 < abs(short.validate() - exact.validate()) < 0.05


def test_a_checkpoint_of_other_settings_is_refused_by_name(run):
    run("other").go(say=str, until=1)
    with pytest.raises(ValueError, match=r"other settings: learning_rate, seed"):
        run("other", replace(DIALS, seed=7, learning_rate=1.0)).resume()


def test_a_missing_checkpoint_is_named(run):
    with pytest.raises(FileNotFoundError, match=r"no checkpoint to resume from: .*checkpoint\.pt"):
        run("empty").resume()


def test_parameters_are_kept_along_the_way(run, tmp_path):
    run("kept", replace(DIALS, steps=6, snapshots=2)).go(say=str)
    kept = sorted(path.name for path in (tmp_path / "kept").glob("snapshot-*"))
    assert kept == ["snapshot-000000.safetensors", "snapshot-000006.safetensors"]
    last = load_file(tmp_path / "kept" / kept[-1])
    again = run("kept", replace(DIALS, steps=6, snapshots=2))
    again.resume()
    assert all(torch.equal(parameter, last[name]) for name, parameter in again.model.named_parameters())


def test_a_dense_twin_learns_without_routers(run, tmp_path):
    dense = DIALS.model | {"num_experts": 0, "num_experts_per_tok": 0, "shared_intermediate_size": 48}
    learner = run("dense", replace(DIALS, steps=60, model=dense))
    learner.go(say=str)
    assert learner.validate() < 2
    assert rows(tmp_path / "dense")[-1]["balance"] == ""


def test_every_domain_and_every_expert_is_logged_when_the_held_out_loss_is(streams, tmp_path):
    judged = replace(streams, domains={"pets": streams.heldout})
    Run(DIALS, 300, judged, tmp_path).go(say=str)
    with (tmp_path / DOMAIN_LOG).open() as log:
        assert [(row["step"], row["domain"]) for row in csv.DictReader(log)] == [("4", "pets")]
    with (tmp_path / LOAD_LOG).open() as log:
        load = list(csv.DictReader(log))
    assert len(load) == 2 * 4
    assert sum(float(row["share"]) for row in load if row["layer"] == "0") == pytest.approx(1, abs=1e-3)


@pytest.fixture
def arguments(monkeypatch, tmp_path):
    monkeypatch.setitem(presets.PRESETS, "tiny", DIALS)
    corpus = tmp_path / "corpus.jsonl"
    corpus.write_text("".join(f'{{"text": "{text}"}}\n' for text in TEXTS), encoding="utf-8")
    return Namespace(corpus=corpus, heldout=corpus, preset="tiny", out=tmp_path / "out",
                     resume=False, seed=None, minutes=None, tokenizer=None, kept_as="fp32", precision="fp32")


def test_the_command_leaves_a_folder_that_transformers_loads(arguments, capsys):
    command.train(arguments)
    folder = arguments.out / "model"
    assert "step 6" in capsys.readouterr().out
    assert AutoModelForCausalLM.from_pretrained(folder).config.vocab_size == Tokenizer.load(folder).vocab_size
    assert [row["step"] for row in rows(folder)] == ["2", "4", "6"]
    command.train(Namespace(**vars(arguments) | {"resume": True}))


def test_a_model_kept_in_bf16_is_the_rounded_run_in_half_the_bytes(arguments):
    command.train(arguments)
    kept = {"fp32": load_file(arguments.out / "model" / "model.safetensors")}
    command.train(Namespace(**vars(arguments) | {"resume": True, "kept_as": "bf16"}))
    kept["bf16"] = load_file(arguments.out / "model" / "model.safetensors")
    assert kept["bf16"].keys() == kept["fp32"].keys()
    assert all(torch.equal(kept["bf16"][name], kept["fp32"][name].bfloat16()) for name in kept["fp32"])


def test_an_export_in_one_file_leaves_nothing_of_an_earlier_one_in_many(arguments, monkeypatch):
    with monkeypatch.context() as small:
        small.setattr(export, "LARGEST_FILE", "20KB")
        command.train(arguments)
    assert (arguments.out / "model" / "model.safetensors.index.json").exists()
    command.train(Namespace(**vars(arguments) | {"resume": True}))
    assert [file.name for file in (arguments.out / "model").glob("model*")] == ["model.safetensors"]


def test_a_twin_reads_the_very_same_tokens(arguments):
    command.train(arguments)
    twin = Namespace(**vars(arguments) | {"tokenizer": arguments.out, "out": arguments.out.with_name("twin")})
    command.train(twin)
    for name in (TRAINING, HELDOUT):
        assert (arguments.out / name).read_bytes() == (twin.out / name).read_bytes()
