"""A recorded corpus needs no model: every choice and label comes back from a small file."""

import json

import numpy as np
import pytest

from moe_core.pieces import Piece
from moe_core.statistics.load import load_table
from moe_core.tables import routing_table
from moe_core.tracing.corpus import CorpusError, corpus_of, load, save
from moe_core.tracing.trace import RoutingTrace


def _trace(pieces, seed, **more):
    rng, length = np.random.default_rng(seed), len(pieces)
    weights = rng.dirichlet([2, 2], size=(2, length))
    fields = {"model": "m", "model_hash": "h", "token_ids": np.arange(length) + 300 * seed, "layers": (1, 4),
              "pieces": tuple(map(Piece, pieces)), "phase": ("prompt",) * length, "logits": None, "probabilities": None,
              "expert_ids": rng.random((2, length, 5)).argsort(axis=2)[:, :, :2], "weights": -np.sort(-weights, axis=2),
              "settings": {"experts": 5}}
    return RoutingTrace(**(fields | more))


@pytest.fixture
def traces():
    return [_trace(["The", " cat", " "], 1), _trace(["我", "喜欢", "猫", "。"], 2)]


def test_the_routing_table_of_a_corpus_is_that_of_its_texts(traces):
    table = corpus_of(traces).routing()
    for number, trace in enumerate(traces):
        of_text, alone = table[table["text"] == number], routing_table(trace)
        for name in ("layer", "position", "token", "expert", "rank"):
            assert of_text[name].tolist() == alone[name].tolist()
        assert of_text["weight"].to_numpy() == pytest.approx(alone["weight"].to_numpy(), abs=0.0005)
    assert load_table(table)["share"].sum() == pytest.approx(2)


def test_every_token_carries_its_labels(traces):
    tokens = corpus_of(traces).tokens
    assert tokens["language"].tolist() == ["en"] * 3 + ["zh"] * 4
    assert tokens["part_of_speech"].fillna("-").tolist() == ["DET", "NOUN", "-", "PRON", "VERB", "NOUN", "PUNCT"]
    assert set(corpus_of(traces).routing()["language_and_part"].dropna()) == {
        "en DET", "en NOUN", "zh PRON", "zh VERB", "zh NOUN", "zh PUNCT"}
    assert tokens["token_id"].tolist() == [300, 301, 302, 600, 601, 602, 603]


def test_a_saved_corpus_comes_back_whole(traces, tmp_path):
    kept = corpus_of(traces)
    back = load(save(kept, tmp_path / "new" / "probes.json"))
    assert (back.model, back.model_hash, back.experts, back.layers) == ("m", "h", 5, (1, 4))
    assert back.routing().astype(object).fillna("-").equals(kept.routing().astype(object).fillna("-"))


def test_a_recording_of_many_sentences_stays_small(tmp_path):
    rng = np.random.default_rng(0)
    long = [_trace([f" {word}" for word in rng.integers(0, 900, 500).astype(str)], seed, layers=range(6),
                   token_ids=rng.integers(0, 900, 500), weights=rng.random((6, 500, 2)),
                   expert_ids=rng.random((6, 500, 5)).argsort(axis=2)[:, :, :2]) for seed in range(1, 9)]
    assert save(corpus_of(long), tmp_path / "probes.json").stat().st_size < 500_000  # 4,000 tokens


@pytest.mark.parametrize("damage", [
    lambda text: text[:-40], lambda text: text.replace('"version":1', '"version":9'), lambda text: "[]",
    lambda text: json.dumps(json.loads(text) | {"weights": "AAAA"}),
    lambda text: json.dumps(json.loads(text) | {"experts": 1})])
def test_a_damaged_file_is_named(traces, tmp_path, damage):
    path = save(corpus_of(traces), tmp_path / "probes.json")
    path.write_text(damage(path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(CorpusError, match=r"probes\.json: not a whole corpus file"):
        load(path)


def test_texts_of_two_models_do_not_mix(traces):
    with pytest.raises(ValueError, match="one model, got different model_hash"):
        corpus_of([traces[0], _trace(["a"], 3, model_hash="other")])


def test_no_text_makes_no_corpus():
    with pytest.raises(ValueError, match="no text to join"):
        corpus_of([])
