"""The evaluation of a tiny model has every promised key, its numbers agree with a plain walk, and it can be kept."""

import argparse
import json
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from moe_core.commands import evaluate as command
from moe_core.config import MoEscopeConfig
from moe_core.corpus.mixture import Document
from moe_core.evaluation import continuations, recording, routing, run
from moe_core.evaluation.losses import read
from moe_core.model.causal_lm import MoEscopeForCausalLM
from moe_core.tasks import baselines, measure
from moe_core.tokenizer import Tokenizer
from moe_core.tracing.own import load_model, trace_text

TEXTS = ["The cat sat on the mat. 小猫坐在垫子上。", "我喜欢学习AI。", "Once upon a time there was a dog."]
SHAPE = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "moe_intermediate_size": 8,
         "shared_intermediate_size": 8, "max_position_embeddings": 64}
TINY = run.Size(characters=60, training=20, examples=2, library=3, shuffles=5)


def folder_of(path, **more):
    tokenizer = Tokenizer.train(TEXTS * 5, vocab_size=400)
    tokenizer.save(path)
    torch.manual_seed(0)
    config = MoEscopeConfig(vocab_size=tokenizer.vocab_size, initializer_range=0.3, **SHAPE | more)
    MoEscopeForCausalLM(config).save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model and, beside it, its dense twin."""
    models = tmp_path_factory.mktemp("models")
    folder_of(models / "tiny-dense-active", num_experts=0, num_experts_per_tok=0, shared_intermediate_size=24)
    return folder_of(models / "tiny", num_experts=4, num_experts_per_tok=2)


@pytest.fixture(scope="module")
def loaded(folder):
    return load_model(folder)


@pytest.fixture(scope="module")
def found(folder):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(baselines, "KNOWN_QUESTIONS", 10)
        patch.setattr(run, "QUICK", TINY)
        patch.setattr(measure, "MOST_TOKENS", dict.fromkeys(measure.MOST_TOKENS, 2))
        patch.delenv("MOESCOPE_DATA", raising=False)
        baselines._known_questions.cache_clear()
        yield command.run(asked(folder, quick=True, out=folder / "kept.json"))
    baselines._known_questions.cache_clear()


def asked(folder, **more):
    return argparse.Namespace(**{"model": folder, "dense_active": None, "dense_total": None, "quick": False,
                                 "continuations": 0, "out": None, "json": True, **more})


def test_a_reading_is_the_plain_loss(loaded):
    reading = read(loaded, TEXTS)
    for text, nats, tokens, size in zip(TEXTS, reading.nats, reading.tokens, reading.sizes, strict=True):
        ids = loaded.tokenizer.encode(text)
        logits = loaded.model(torch.tensor([[0, *ids]])).logits[0, :-1].detach()
        assert nats == pytest.approx(float(F.cross_entropy(logits, torch.tensor(ids), reduction="sum")), rel=1e-4)
        assert (tokens, size) == (len(ids), len(text.encode()))


def test_a_reading_routes_as_a_trace_does(loaded):
    reading = read(loaded, TEXTS)
    for text, expert_ids in zip(TEXTS, reading.expert_ids, strict=True):
        assert np.array_equal(expert_ids, trace_text(loaded, text).expert_ids[:, :-1])


def test_load_counts_every_routed_slot(loaded):
    reading = read(loaded, TEXTS)
    told = routing.load(reading, 4)
    assert all(sum(layer["shares"]) == pytest.approx(1, abs=1e-4) for layer in told["layers"])
    assert told["max_violation"] == pytest.approx(max(max(row["shares"]) * 4 - 1 for row in told["layers"]), abs=1e-4)
    assert told["entropy"] <= math.log(4)
    assert told["tokens"] == reading.tokens.sum() - len(TEXTS)


def test_a_token_is_counted_with_its_own_experts(loaded):
    documents = [Document("d", "en", TEXTS[2]), Document("e", "zh", TEXTS[1])]
    table = routing._routing(read(loaded, [one.text for one in documents]), documents, loaded.tokenizer, 4, seed=0)
    for number, one in enumerate(np.random.default_rng(0).permutation(2)):
        trace = trace_text(loaded, documents[one].text)
        first = table[(table["text"] == number) & (table["rank"] == 1)].sort_values(["layer", "position"])
        assert first["token_id"].tolist() == trace.token_ids[:-1].tolist() * 2
        assert first["expert"].tolist() == trace.expert_ids[:, :-1, 0].ravel().tolist()


def test_every_promised_key_is_there(found):
    assert {"moe", "dense_active", "dense_total"} <= found["overall"].keys()
    assert {"nats", "low", "high"} <= found["overall"]["moe_minus_dense_active"].keys()
    assert found["overall"]["dense_total"] is None
    assert {"moe", "dense_active", "dense_total"} <= found["domains"]["story_en"].keys()
    assert {"min_share", "max_violation"} <= found["load"].keys()
    assert {"bits", "chance"} <= found["mutual_information"]["part_of_speech"].keys()
    assert set(found["mutual_information"]) == {"language", "domain", "part_of_speech"}
    for row in found["tasks"].values():
        assert {"metric", "value", "low", "high", "baseline", "dense_active"} <= row.keys()
        assert row["dense_active"] is not None
    json.dumps(found, allow_nan=False)


def test_the_whole_is_the_sum_of_its_domains(found):
    rows = found["domains"].values()
    nats = sum(row["moe"]["nats"] * row["tokens"] for row in rows) / sum(row["tokens"] for row in rows)
    assert found["overall"]["moe"]["nats"] == pytest.approx(nats, abs=1e-4)
    difference = found["overall"]["moe"]["nats"] - found["overall"]["dense_active"]["nats"]
    assert found["overall"]["moe_minus_dense_active"]["nats"] == pytest.approx(difference, abs=1e-4)


def test_a_kept_evaluation_is_read_back(found, folder):
    assert recording.load(folder / "kept.json") == json.loads(json.dumps(found))


@pytest.mark.parametrize("text", ["", "[]", '{"tasks": 1}'])
def test_a_broken_recording_is_named(tmp_path, text):
    (tmp_path / "evaluation.json").write_text(text)
    with pytest.raises(recording.RecordingError, match=r"evaluation\.json holds no evaluation"):
        recording.load(tmp_path / "evaluation.json")


def test_a_dense_model_is_refused(folder):
    with pytest.raises(ValueError, match="has no experts"):
        command.run(asked(folder.with_name("tiny-dense-active")))


def test_labels_that_belong_to_texts_are_shuffled_by_texts(loaded):
    documents = [Document(f"d{number % 2}", "en", TEXTS[number % 3]) for number in range(6)]
    told = routing.mutual_information(read(loaded, [one.text for one in documents]), documents, loaded.tokenizer, 4, 5)
    assert told["domain"]["shuffled"] == "texts"
    assert all(row["bits"] >= 0 and row["chance"] >= 0 for row in told.values())


def test_a_loop_is_four_words_four_times():
    assert continuations.most_repeated("a b c d " * 4) == 4
    assert continuations.most_repeated("the cat sat on the mat") == 1
    assert continuations.most_repeated("小猫喜欢小狗。" * 5) == 4
    assert continuations.most_repeated("") == 0


def test_continuations_are_written_for_a_reader(folder, tmp_path, capsys):
    result = command.run(asked(folder, continuations=2, out=tmp_path / "texts.md"))
    assert {language: row["n"] for language, row in result["languages"].items()} == {"en": 2, "zh": 2}
    written = (tmp_path / "texts.md").read_text(encoding="utf-8")
    assert written.count("verdict:") == 4
    assert "docs/continuations.md" in written
    assert "keep the prompt's language" in capsys.readouterr().out


def test_too_many_continuations_are_refused(folder):
    with pytest.raises(ValueError, match=r"0\.\.1000, got -1"):
        command.run(asked(folder, continuations=-1))
