"""A trace file gives back exactly the trace that went in, or one error that names the file."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from moe_core.pieces import Piece
from moe_core.tracing import bundle
from moe_core.tracing.trace import DTYPES, RoutingTrace

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
ANY_FLOAT = st.floats(width=32)  # also infinite and not a number: that is what an overflow looks like


def _scores(draw, shape):
    return draw(st.none() | arrays(np.float32, shape, elements=ANY_FLOAT))


@st.composite
def traces(draw):
    layers, length, experts, candidates = (draw(st.integers(low, 3)) for low in (1, 0, 1, 1))
    chosen = draw(st.integers(1, experts))
    has_candidates = draw(st.booleans())
    return RoutingTrace(
        model=draw(TEXT), model_hash=draw(TEXT),
        token_ids=draw(arrays(np.int64, length, elements=st.integers(0, 2**31 - 1))),
        pieces=tuple(Piece(draw(TEXT), 1, 2) for _ in range(length)),
        phase=tuple(draw(st.sampled_from(["prompt", "generated"])) for _ in range(length)), layers=tuple(range(layers)),
        logits=_scores(draw, (layers, length, experts)), probabilities=_scores(draw, (layers, length, experts)),
        expert_ids=draw(arrays(np.int64, (layers, length, chosen), elements=st.integers(0, experts - 1))),
        weights=draw(arrays(np.float32, (layers, length, chosen), elements=ANY_FLOAT)),
        candidate_ids=np.ones((length, candidates)) if has_candidates else None,
        candidate_probabilities=np.ones((length, candidates)) if has_candidates else None,
        candidate_labels=((draw(TEXT),) * candidates,) * length if has_candidates else None,
        settings={"experts": experts, "prompt": draw(TEXT), "temperature": draw(st.floats(0, 2))})


@pytest.fixture
def trace():
    return RoutingTrace("tiny", "abc", [1, 2], (Piece("我"), Piece("AI")), ("prompt", "generated"), (0,),
                        np.array([[[1, 2], [4, 3]]]), None, [[[1], [0]]], np.ones((1, 2, 1)), settings={"seed": 3})


@given(traces())
def test_any_trace_comes_back_bit_for_bit(trace):
    again = bundle.loads(bundle.dumps(trace), "memory")
    for name in DTYPES:
        came, went = getattr(again, name), getattr(trace, name)
        np.testing.assert_array_equal(came, went, strict=went is not None)
    for name in ("model", "model_hash", "pieces", "phase", "layers", "candidate_labels", "settings"):
        assert getattr(again, name) == getattr(trace, name)


def test_a_file_on_disk_replays_without_a_model(trace, tmp_path):
    path = bundle.save(trace, tmp_path / "say.trace.json")
    assert bundle.load(path).text == "我AI"
    assert bundle.load(path).pieces[0].label == "我"


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(bundle.BundleError, match=r"gone\.trace\.json: cannot be read"):
        bundle.load(tmp_path / "gone.trace.json")


def test_a_file_of_other_bytes_is_named(tmp_path):
    (tmp_path / "photo.trace.json").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(bundle.BundleError, match=r"photo\.trace\.json: cannot be read"):
        bundle.load(tmp_path / "photo.trace.json")


@pytest.mark.parametrize("text", ["", "[]", "null", "3", '"x"', "{}", '{"format": "other"}', "[" * 100_000])
def test_what_is_no_trace_file_is_refused_by_name(text):
    with pytest.raises(bundle.BundleError, match=r"^some\.json: not a"):
        bundle.loads(text, "some.json")


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_a_file_cut_short_is_refused_by_name(trace, part):
    text = bundle.dumps(trace)
    with pytest.raises(bundle.BundleError, match=r"^cut\.json: not a whole trace file"):
        bundle.loads(text[:int(len(text) * part)], "cut.json")


def test_one_changed_number_is_noticed(trace):
    file = json.loads(bundle.dumps(trace))
    file["trace"]["arrays"]["weights"]["data"] = file["trace"]["arrays"]["weights"]["data"].replace("A", "B", 1)
    with pytest.raises(bundle.BundleError, match=r"^edited\.json: damaged"):
        bundle.loads(json.dumps(file), "edited.json")


def test_a_newer_version_is_refused_with_both_numbers(trace):
    file = json.loads(bundle.dumps(trace)) | {"version": 2}
    with pytest.raises(bundle.BundleError, match=r"^new\.json: version must be 1, got 2"):
        bundle.loads(json.dumps(file), "new.json")


@pytest.mark.parametrize(("field", "value"), [("dtype", "O"), ("shape", [3, 3]), ("data", "%%%"), ("data", "AAA=")])
def test_an_array_that_cannot_be_read_is_refused_even_under_a_right_checksum(trace, field, value):
    file = json.loads(bundle.dumps(trace))
    file["trace"]["arrays"]["weights"][field] = value
    file["sha256"] = bundle._fingerprint(file["trace"])
    with pytest.raises(bundle.BundleError, match=r"^odd\.json: not a whole trace file"):
        bundle.loads(json.dumps(file), "odd.json")
