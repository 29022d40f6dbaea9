"""Snapshots of training are compared with the finished model, kept in a small file, and named when they do not fit."""

import json

import pandas as pd
import pytest
import torch
from safetensors.torch import save_file

from moe_core.__main__ import main
from moe_core.config import MoEscopeConfig
from moe_core.model.causal_lm import MoEscopeForCausalLM
from moe_core.tokenizer import Tokenizer
from moe_core.tracing import settling
from moe_core.tracing.corpus import CorpusError

TEXTS = ("the cat sat on the mat. ", "我喜欢学习AI。")


def tiny(seed: int, vocabulary: int, **dials) -> MoEscopeForCausalLM:
    torch.manual_seed(seed)
    return MoEscopeForCausalLM(MoEscopeConfig(**{
        "vocab_size": vocabulary, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "num_experts": 4,
        "moe_intermediate_size": 8, "shared_intermediate_size": 8, "max_position_embeddings": 64,
        "initializer_range": 0.5, **dials}))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A finished model, and two snapshots: another random model, and the finished one itself."""
    folder = tmp_path_factory.mktemp("run")
    tokenizer = Tokenizer.train(list(TEXTS) * 4, vocab_size=300)
    model = tiny(0, tokenizer.vocab_size)
    model.save_pretrained(folder / "tiny")
    tokenizer.save(folder / "tiny")
    for step, source in ((0, tiny(1, tokenizer.vocab_size)), (50, model)):
        save_file({name: value.detach().clone() for name, value in source.named_parameters()},
                  folder / f"snapshot-{step:06d}.safetensors")
    (folder / "texts.txt").write_text("\n".join(TEXTS), encoding="utf-8")
    return folder


def record(run, out, *snapshots) -> int:
    return main(["record", "--texts", str(run / "texts.txt"), "--model", str(run / "tiny"), "--out", str(out),
                 "--snapshots", *map(str, snapshots)])


def test_the_last_snapshot_is_final_and_an_early_one_is_not(run, tmp_path):
    assert record(run, tmp_path / "training.json", run) == 0
    found = settling.load(tmp_path / "training.json")
    assert found.settings["steps"] == [0, 50]
    assert found.settings["texts"] == 2
    shares = found.saturation.groupby("step")["share"]
    assert shares.min()[50] == 1
    assert shares.max()[0] < 1
    assert set(found.saturation["chance"]) == {0.5}
    assert found.balance.groupby("step").size().tolist() == [2, 2]


def test_a_file_gives_back_what_was_kept(run, tmp_path):
    record(run, tmp_path / "a.json", run / "snapshot-000050.safetensors")
    kept = settling.load(tmp_path / "a.json")
    again = settling.load(settling.save(kept, tmp_path / "b.json"))
    pd.testing.assert_frame_equal(again.saturation, kept.saturation)
    assert again.settings == kept.settings


def test_what_is_no_snapshot_of_this_model_is_named(run, tmp_path, capsys):
    foreign = tmp_path / "snapshot-000007.safetensors"
    save_file({"other": torch.zeros(3)}, foreign)
    assert record(run, tmp_path / "x.json", foreign) == 2
    assert "snapshot-000007.safetensors is no snapshot of this model" in capsys.readouterr().err
    assert record(run, tmp_path / "x.json", tmp_path / "model.safetensors") == 2
    assert "named snapshot-STEP.safetensors" in capsys.readouterr().err
    assert record(run, tmp_path / "x.json", tmp_path / "empty") == 2


@pytest.mark.parametrize("text", ["", "{}", json.dumps({"format": "moescope-settling", "version": 1, "settings": {},
                                                        "saturation": {"step": [1]}, "balance": {}})])
def test_a_damaged_file_is_named(tmp_path, text):
    path = tmp_path / "training.json"
    path.write_text(text)
    with pytest.raises(CorpusError, match=r"training\.json: no recorded snapshots"):
        settling.load(path)


def test_the_load_of_every_step_sums_to_one_and_languages_are_told_apart(run, tmp_path):
    record(run, tmp_path / "training.json", run)
    found = settling.load(tmp_path / "training.json")
    assert found.load.groupby(["step", "layer"])["share"].sum().tolist() == pytest.approx([1] * 4, abs=1e-5)
    assert set(found.languages["label"]) == {"en", "zh"}
    sums = found.languages.groupby(["step", "layer", "label"])["share"].sum()
    assert sums.tolist() == pytest.approx([1] * 8, abs=1e-5)
    assert found.information.groupby("step").size().tolist() == [2, 2]


def test_texts_in_one_language_leave_nothing_to_tell_of_languages(run, tmp_path):
    (tmp_path / "texts.txt").write_text(TEXTS[0], encoding="utf-8")
    assert main(["record", "--texts", str(tmp_path / "texts.txt"), "--model", str(run / "tiny"), "--out",
                 str(tmp_path / "x.json"), "--snapshots", str(run)]) == 0
    found = settling.load(tmp_path / "x.json")
    assert (len(found.languages), len(found.information), len(found.load)) == (0, 0, 2 * 2 * 4)


def test_a_finished_run_is_recorded_by_the_real_command(finished, tmp_path):
    texts = tmp_path / "texts.txt"
    texts.write_text("\n".join(TEXTS), encoding="utf-8")
    run = finished / "run"
    assert main(["record", "--texts", str(texts), "--model", str(run / "model"), "--out", str(tmp_path / "t.json"),
                 "--snapshots", str(run)]) == 0
    found = settling.load(tmp_path / "t.json")
    assert found.settings["steps"] == [0, 8]
    assert found.saturation.query("step == 8")["share"].tolist() == [1, 1]
