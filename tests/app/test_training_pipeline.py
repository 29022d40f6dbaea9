"""Every box tells what the shipped files hold, and says so plainly where its recording is not there."""

import json

import pytest

from app import shipped
from app.session import Session
from app.training_state import Training
from app.views import tasks_scores, training_boxes
from app.views import training_pipeline as views
from app.views.panel import csv_file
from app.words import LANGUAGES, say
from moe_core.tokenizer import Tokenizer

EXPORTS = {"settings": {"model": "model", "tokens": 50, "texts": 3, "device": "CPU"}, "rows": [
    {"plan": "fp32", "format": "fp32", "runtime": "r 1", "bytes": 4_000_000, "kl": 1e-12, "flips": 0.0,
     "greedy_same": 9, "greedy_tokens": 9, "milliseconds_per_token": 2.5},
    {"plan": "int8", "format": "int8", "runtime": "r 1", "bytes": 1_100_000, "kl": 0.5, "flips": 0.25,
     "greedy_same": 5, "greedy_tokens": 9, "milliseconds_per_token": 3.0}]}


@pytest.fixture(params=LANGUAGES)
def look(request):
    def at(box: str) -> Session:
        return Session(None, language=request.param, training=Training(opened=True, box=box))

    return at


@pytest.fixture
def made(finished, monkeypatch, tmp_path):
    """The page of the tiny run's model, with a recording of its exports and none of its evaluation."""
    (tmp_path / "exports.json").write_text(json.dumps(EXPORTS))
    monkeypatch.setattr(shipped, "MODEL", finished / "run" / "model")
    monkeypatch.setattr(shipped, "EXPORTS", tmp_path / "exports.json")
    monkeypatch.setattr(tasks_scores, "EVALUATION", tmp_path / "evaluation.json")


def number(session: Session, key: str) -> str:
    name = say(session.language, f"pipeline.{session.training.box}.number.{key}")
    return next(entry["value"] for entry in views.detail(session)["numbers"] if entry["name"] == name)


def test_the_data_box_counts_what_the_run_read(look, made):
    session = look("data")
    assert number(session, "documents") == "16"
    rows = [[cell for cell, _ in row["cells"]] for row in views.table_value(session)["rows"]]
    assert rows[0] == [say(session.language, "tasks.domain.story_en"), "8", "5,520", "78.0%"]  # 8 texts of 23 * 30
    assert "1,560" in rows[1]


def test_the_preprocessing_box_is_the_shipped_tokenizer_at_work(look, made):
    session = look("preprocessing")
    tokenizer = Tokenizer.load(shipped.MODEL)
    rows = [row["cells"][1][0] for row in views.table_value(session)["rows"]]
    assert rows[1] == "我喜欢学习AI！ I like learning AI."
    assert rows[3] == " ".join(map(str, tokenizer.encode(rows[1])[:training_boxes.MOST_PIECES]))
    assert number(session, "vocabulary") == f"{tokenizer.vocab_size:,}"


def test_the_training_box_draws_the_models_own_log(look, made):
    session = look("training")
    first, *_, last = shipped.log(shipped.MODEL)
    assert number(session, "steps") == "8"
    assert number(session, "loss") == f"{first['loss']:.2f} → {last['loss']:.2f}"
    figure = json.loads(views.detail(session)["figure"]["figure"])
    assert len(figure["data"]) == 2
    assert say(session.language, "pipeline.dial.learning_rate") in str(views.table_value(session))


def test_the_deployment_box_names_the_smallest_export_and_another_models_recording(look, made, monkeypatch):
    session = look("deployment")
    assert number(session, "smallest") == "1.1 MB"
    assert "int8" in str(views.detail(session)["numbers"])
    mixed = say(session.language, "pipeline.other", model="model", own="newer")
    assert mixed not in views.detail(session)["line"]["text"]
    newer = shipped.MODEL.rename(shipped.MODEL.with_name("newer"))
    monkeypatch.setattr(shipped, "MODEL", newer)
    assert mixed in views.detail(session)["line"]["text"]
    newer.rename(newer.with_name("model"))


@pytest.mark.parametrize("box", views.STEPS)
def test_a_box_without_its_recording_says_so_and_shows_no_number(look, box, monkeypatch, tmp_path):
    monkeypatch.setattr(shipped, "MODEL", tmp_path / "nothing")
    monkeypatch.setattr(shipped, "EXPORTS", tmp_path / "nothing.json")
    monkeypatch.setattr(tasks_scores, "EVALUATION", tmp_path / "nothing.json")
    session = look(box)
    found = views.detail(session)
    assert found["line"] == {"kind": "problem",
                             "text": say(session.language, f"pipeline.{box}.missing", model="nothing")}
    assert (found["numbers"], found["table"], found["figure"]) == ([], {}, {})
    assert [step["known"] for step in views.boxes_value(session)["steps"]] == [False] * 5


def test_every_box_of_the_shipped_model_can_be_told_and_taken_away(look):
    for box in views.STEPS:
        session = look(box)
        assert views.detail(session)["line"]["text"]
        assert csv_file("x", views.table, session)["text"]
