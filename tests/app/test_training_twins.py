"""Twins that ship are compared by what was recorded and what runs; without them nothing is offered."""

import json

import plotly.graph_objects as go
import pytest

from app import shipped
from app.companions import Companions
from app.engine import NotReady
from app.session import Session
from app.training_state import Training
from app.views import tasks_scores
from app.views import training_twins as views
from app.words import LANGUAGES, say
from moe_core.config import MoEscopeConfig
from moe_core.model.causal_lm import MoEscopeForCausalLM
from moe_core.tokenizer import Tokenizer

LESS = {"nats": -0.2, "low": -0.3, "high": -0.1}


def row(twin: float) -> dict:
    own = {"nats": 1.0, "low": 0.9, "high": 1.1}
    return {"documents": 4, "tokens": 99, "moe": own, "dense_active": own | {"nats": twin}, "dense_total": None,
            "moe_minus_dense_active": LESS if twin > 1 else {"nats": 0.1, "low": 0.05, "high": 0.2},
            "moe_minus_dense_total": None}


EVALUATION = {"settings": {"model": "mix", "model_hash": "a", "format": "fp32", "device": "CPU",
                           "twins": {"dense_active": {"model": "mix-dense-active"}}},
              "overall": row(1.2), "domains": {"story_en": row(1.2), "story_zh": row(0.9)}, "load": {},
              "mutual_information": {}, "tasks": {}}


@pytest.fixture(params=LANGUAGES)
def session(request):
    return Session(None, language=request.param, training=Training(opened=True))


@pytest.fixture
def alone(engine, monkeypatch, tmp_path):
    """The engine's model without any twin, and without an evaluation."""
    monkeypatch.setattr(shipped, "MODEL", engine.folder)
    monkeypatch.setattr(tasks_scores, "EVALUATION", tmp_path / "evaluation.json")
    return Companions(engine)


@pytest.fixture
def paired(alone, engine, monkeypatch, tmp_path):
    """A dense twin of random parameters beside it, and an evaluation that holds it."""
    import torch

    folder = tmp_path / "twin"
    tokenizer = Tokenizer.load(engine.folder)
    tokenizer.save(folder)
    torch.manual_seed(1)
    MoEscopeForCausalLM(MoEscopeConfig(
        vocab_size=tokenizer.vocab_size, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, num_experts=0,
        num_experts_per_tok=0, shared_intermediate_size=32, max_position_embeddings=128)).save_pretrained(folder)
    monkeypatch.setattr(shipped, "twin_folder", lambda name: folder if name == "dense_active" else None)
    (tmp_path / "evaluation.json").write_text(json.dumps(EVALUATION))
    return alone


def test_without_twins_the_part_says_so_and_compares_nothing(session, alone):
    assert alone.names() == []
    assert views.line(session) == {"kind": "problem", "text": say(session.language, "twins.missing", model="tiny")}
    assert "rows" not in views.losses_value(session)
    assert views.figure_value(session) == {}
    assert views.texts_value(session, "a", 0, 0.0) is None


def test_everybody_writes_on_with_the_same_seed_and_is_timed(session, paired):
    *_, done = paired.continued("The cat", seed=5, temperature=0.8)
    assert list(done) == ["moe", "dense_active"]
    session = session.train(twins=tuple(done.items()))
    rows = views.texts_value(session, "The cat", 5, 0.8)["rows"]
    assert [row["same"] + row["different"] for row in rows] == [one.text for one in done.values()]
    assert rows[0]["different"] == ""
    costs = views.costs_value(session)["rows"]
    assert costs[0]["cells"][4][0] == f"{done['moe'].typical:.2f}"
    *_, again = paired.continued("The cat", seed=5, temperature=0.8)
    assert [one.text for one in again.values()] == [one.text for one in done.values()]


def test_before_anything_ran_no_time_is_told(session, paired):
    assert [row["cells"][4] for row in views.costs_value(session)["rows"]] == [["–", ""]] * 2


def test_recorded_losses_stand_with_their_intervals_and_paired_differences(session, paired):
    rows = views.losses_value(session)["rows"]
    assert len(rows) == 3
    assert rows[0]["cells"][2:] == [["1.000", "0.900 – 1.100"], ["1.200", "0.900 – 1.100"],
                                    ["-0.200", "-0.300 – -0.100"]]
    picture = views.differences(session)
    assert (picture.facts["better"], picture.facts["worse"]) == (2, 1)
    go.Figure(json.loads(views.figure_value(session)["figure"]))  # validates


def test_a_damaged_twin_is_named_and_the_page_lives_on(paired):
    (shipped.twin_folder("dense_active") / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises(NotReady, match="damaged"):
        list(paired.continued("The cat", seed=0, temperature=0.0))


def test_a_twin_is_found_beside_its_model(monkeypatch, tmp_path):
    monkeypatch.setattr(shipped, "MODEL", tmp_path / "mix")
    assert shipped.twin_folder("dense_total") is None
    (tmp_path / "mix-dense-total").mkdir()
    (tmp_path / "mix-dense-total" / "config.json").write_text("{}")
    assert shipped.twin_folder("dense_total").name == "mix-dense-total"
