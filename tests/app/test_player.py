"""What the player gets is the trace, token for token: whole for a finished run, the newest tokens of a growing one."""

import base64
import json

import numpy as np
import pytest

from app.session import Session
from app.views import player
from app.views import prompt as views
from moe_core.pieces import Piece
from moe_core.tracing import bundle
from moe_core.tracing.trace import RoutingTrace

LARGEST = 150_000  # bytes of any value at 512 tokens


def trace_of(length: int, layers: int = 2, experts: int = 4) -> RoutingTrace:
    chance = np.random.default_rng(length)
    logits = chance.normal(size=(layers, length, experts)).astype(np.float32)
    ids = np.argsort(-logits, axis=2)[:, :, :2]
    weights = np.take_along_axis(logits, ids, 2)
    weights = np.exp(weights) / np.exp(weights).sum(-1, keepdims=True)
    return RoutingTrace(
        model="tiny", model_hash="0" * 12, token_ids=np.arange(length), layers=tuple(range(layers)),
        pieces=tuple(Piece("词元<b>") for _ in range(length)),
        phase=("prompt",) * 4 + ("generated",) * (length - 4),
        logits=logits, probabilities=np.exp(logits) / np.exp(logits).sum(-1, keepdims=True), expert_ids=ids,
        weights=weights, candidate_ids=np.zeros((length, 10)), candidate_probabilities=np.full((length, 10), 0.1),
        candidate_labels=(("后来",) * 10,) * length, settings={"format": "fp32", "device": "CPU", "stopped": "end"})


def unpacked(value: dict, name: str, dtype: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(value[name]), dtype)


def test_a_finished_run_is_sent_whole():
    trace = trace_of(40)
    value = player.player_value(Session(trace, layer=1))
    assert (value["start"], value["length"], value["live"]) == (0, 40, False)
    np.testing.assert_array_equal(unpacked(value, "ids", "<u2").reshape(2, 40, 2), trace.expert_ids)
    np.testing.assert_array_equal(unpacked(value, "weights", "<f4").reshape(2, 40, 2), trace.weights)
    gates = unpacked(value, "gates", "<u2").reshape(2, 40, 4) / 65535
    np.testing.assert_allclose(gates, trace.probabilities, atol=1e-5)
    assert not unpacked(value, "before", "<u2").any()


def test_of_a_large_run_the_gates_of_one_layer_are_sent():
    trace = trace_of(400, layers=20, experts=16)
    value = player.player_value(Session(trace, layer=7))
    assert not value["every"]
    gates = unpacked(value, "gates", "<u2").reshape(400, 16) / 65535
    np.testing.assert_allclose(gates, trace.probabilities[7], atol=1e-5)
    chosen = unpacked(value, "chosen", "<u2").reshape(20, 400, 2) / 65535
    np.testing.assert_allclose(chosen, np.take_along_axis(trace.probabilities, trace.expert_ids, 2), atol=1e-5)


def test_where_the_router_hesitates_is_where_the_strip_says_so():
    trace = trace_of(61)
    bits = np.unpackbits(unpacked(player.player_value(Session(trace)), "hesitates", "u1"))[:2 * 61].reshape(2, 61)
    assert 0 < bits.sum() < bits.size
    for layer in range(2):
        said = [token["hesitates"] for token in views.strip_value(Session(trace, layer=layer))["tokens"]]
        assert bits[layer].tolist() == said


def test_a_growing_run_sends_its_newest_tokens_and_counts_the_rest():
    trace = trace_of(100)
    value = player.player_value(Session(trace), live=True)
    assert (value["start"], value["length"]) == (76, 24)
    counts = unpacked(value, "before", "<u2").reshape(2, 4)
    assert counts.tolist() == [[int((ids == expert).sum()) for expert in range(4)] for ids in trace.expert_ids[:, :76]]
    assert len(json.dumps(value)) < 10_000


def test_a_slot_of_weight_0_is_no_choice():
    trace = trace_of(30)
    trace.weights[:, :, 1] = 0
    value = player.player_value(Session(trace), live=True)
    assert unpacked(value, "before", "<u2").sum() == 2 * 6  # one choice in each of two layers, for six tokens


def test_a_growing_run_is_sent_whole_at_first_and_now_and_then():
    assert player.player_value(Session(trace_of(100)), live=True, whole=True)["length"] == 100
    starts = [player.player_value(Session(trace_of(length)), live=True)["start"] for length in range(40, 57)]
    assert [length for length, start in zip(range(40, 57), starts, strict=True) if start == 0] == [48]


def test_a_run_too_large_to_send_is_not_played():
    assert player.player_value(Session(trace_of(512, layers=64, experts=4))) is None


def test_the_words_leave_what_the_browser_fills_in():
    words = player.player_value(Session(trace_of(8), language="zh"))["words"]
    assert set(words["panels"]) == set(player.MOVING)
    assert "{token}" in words["panels"]["path"]["title"]
    assert all("{n}" in words["panels"][name]["caption"] for name in ("gates", "load"))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_words_at_rest_are_the_servers_own_once_filled_in(language):
    trace = trace_of(8)
    rest = player.player_words(Session(trace, language=language, layer=1, position=5))["rest"]
    here = trace.expert_ids[0]
    route = ", ".join(f"L{layer} E{first}+E{second}" for layer, (first, second) in enumerate(trace.expert_ids[:, 3]))
    counts = np.bincount(here.ravel(), minlength=4)
    facts = {"token": "词元<b>", "position": 3, "layer": 0, "route": route, "top": 0, "top_count": counts.max()}
    for name, parts in rest.items():
        drawn = views.panel_value(name, Session(trace, language=language, layer=0, position=3))
        for part, sentence in parts.items():
            top = {"top": drawn["summary"].split("E")[1][0]} if name == "gates" and part == "summary" else {}
            assert sentence.format(**facts | top) == drawn[part]


def test_a_saved_run_opens_again():
    file = player.run_file(trace_of(8))
    assert file["name"].endswith(".trace.json")
    assert bundle.loads(file["text"], "it").text == trace_of(8).text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_512_tokens_stay_small_enough_to_send(language):
    session = Session(trace_of(512, layers=6, experts=10), language=language, position=300)
    values = {name: views.panel_value(name, session) for name in (*views.PANELS, *views.MORE)}
    values |= {"strip": views.strip_value(session), "player": player.player_value(session)}
    sizes = {name: len(json.dumps(value, ensure_ascii=False).encode()) for name, value in values.items()}
    assert {name: size for name, size in sizes.items() if size > LARGEST} == {}, sizes
