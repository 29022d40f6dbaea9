"""A job is put to the model as in training, its answer ends where it should, keeps its routing; refusals are said."""

from threading import Event

import pytest

from app import doing
from app.session import Session
from app.views import tasks as views
from app.views import tasks_scores, tasks_text
from app.words import LANGUAGES, say
from app.working import Hit, Searched
from moe_core.evaluation import recording
from moe_core.sampling import Sampling
from moe_core.tasks.prompts import ANSWERING, FREE, JOBS, RETRIEVAL, SENTIMENT, SUMMARY, TRANSLATION

TEXT = "The cat sat on the mat. 我喜欢学习AI"


@pytest.fixture(scope="module")
def session(engine) -> Session:
    *_, trace = engine.stream("The cat", Sampling(max_new_tokens=2), Event())
    return Session(trace)


def done(engine, job, text, question=""):
    *_, answered = doing.answered(engine, job, text, question, Event())
    return answered


def test_the_answer_keeps_the_whole_prompt_and_its_routing(engine):
    found = done(engine, SENTIMENT, "The cat sat.")
    assert found.trace.settings["prompt"] == "The cat sat.\nFeeling:"
    assert found.trace.expert_ids.shape[1] == len(found.trace.token_ids) > found.trace.phase.count("prompt")


def test_an_answer_of_one_line_ends_at_the_line(engine, monkeypatch):
    *_, trace = engine.stream("The cat\nsat", Sampling(max_new_tokens=0), Event())
    grown = trace.upto(len(trace.token_ids))
    at = next(place for place, piece in enumerate(grown.pieces) if "\n" in piece.text)
    object.__setattr__(grown, "phase", tuple("generated" if place >= at - 1 else "prompt"
                                             for place in range(len(grown.phase))))
    monkeypatch.setattr(engine, "stream", lambda *asked: iter([grown]))
    assert doing.line_end(grown) == at
    assert len(done(engine, SUMMARY, "x").trace.token_ids) == at
    assert done(engine, SUMMARY, "x").trace.settings["stopped"] == "end"
    assert len(done(engine, FREE, "x").trace.token_ids) == len(grown.token_ids)


@pytest.mark.parametrize(("text", "question", "language"), [
    ("The cat", "", "en"), ("小猫", "", "zh"), ("The cat", "谁？", "zh"), ("123", "", "en"), ("小猫", "Who?", "en")])
def test_the_question_decides_the_language_then_the_text(text, question, language):
    assert doing.language(text, question) == language


@pytest.mark.parametrize(("job", "text", "question", "key"), [
    (TRANSLATION, " ", "", "refuse.empty"), (SUMMARY, "x" * 2001, "", "refuse.long"),
    (ANSWERING, "The cat.", "", "tasks.refuse.question"), (SUMMARY, "cat " * 200, "", "refuse.tokens"),
    (RETRIEVAL, "", "", "refuse.empty"), (FREE, "\ud800", "", "refuse.surrogate"),
])
def test_what_cannot_be_done_is_refused_in_both_languages(engine, job, text, question, key):
    refusal = doing.refuse(engine, job, text, question)
    assert refusal.key == key
    assert all(say(language, refusal.key, **refusal.values) for language in LANGUAGES)


def test_what_can_be_done_is_not_refused(engine):
    assert doing.refuse(engine, ANSWERING, "The cat sat.", "Who?") is None
    assert doing.refuse(engine, RETRIEVAL, "cat " * 200, "") is None


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("job", [job for job in JOBS if job != RETRIEVAL])
def test_every_answer_can_be_shown(engine, session, language, job):
    found = doing.with_wanted(done(engine, job, TEXT, "Who?" if job == ANSWERING else ""), "wanted text")
    shown = session.but(language=language).work(job=job, answered=found)
    rows = views.answer_value(shown, engine.decode)["rows"]
    assert rows[0]["prompt"] == TEXT
    assert rows[-1]["prompt"] == "wanted text"
    assert len(views.strip_value(shown)["tokens"]) == len(found.trace.token_ids)
    assert views.status_line(shown, growing=False)["kind"] == "done"
    assert views.hint(shown)["text"]


def test_found_stories_stand_with_their_nearness(session):
    hit = Hit("The Snail", "A snail. " * 100, 0.876)
    shown = session.work(job=RETRIEVAL, searched=Searched("snail", (hit,), (hit, hit), 9))
    states, words = (views.found_value(shown, way) for way in ("states", "words"))
    assert states["rows"][0]["name"] == "1 · 0.88"
    assert states["rows"][0]["prompt"].startswith("The Snail · A snail.")
    assert len(states["rows"][0]["prompt"]) < 460
    assert len(words["rows"]) == 2
    assert "n = 9" in words["caption"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_is_taken_apart_step_by_step(engine, session, language):
    shown = session.but(language=language).work(prepared=doing.prepared(engine, "我 喜欢学习AI"))
    told = {row["name"]: row["same"] for row in tasks_text.steps_value(shown)["rows"]}
    assert told[say(language, "tasks.step.words")] == "我 / 喜欢 / 学习 / AI"
    assert say(language, "tasks.tag.VERB") in told[say(language, "tasks.step.tags")]
    assert "我喜欢学习AI" in told[say(language, "tasks.step.cleaned")]
    prepared = shown.work().working.prepared
    assert "AI" in "".join(prepared.pieces)


def test_marks_alone_have_no_plane_of_words(engine, session):
    assert tasks_text.panel_value(session.work(prepared=doing.prepared(engine, "。！"))) == {}


RECORDED = {
    "settings": {"model": "tiny", "model_hash": "x", "documents": 3, "seconds": 1.0, "twins": {}, "format": "fp32",
                 "device": "CPU", "training": 20},
    "overall": {"documents": 3, "tokens": 90, "bytes": 300, "dense_active": None, "dense_total": None,
                **{name: {"nats": 2.0, "low": 1.9, "high": 2.1, "bits_per_byte": 1.0, "bits_low": 0.9, "bits_high": 1.1}
                   for name in ("moe", "ngram", "xz")}, "moe_minus_dense_active": None},
    "load": {}, "mutual_information": {},
    "tasks": {name: {"metric": metric, "value": 0.9, "low": 0.8, "high": 1.0, "n": 8, "baseline": 0.5, "chance": 0.1,
                     "baseline_name": other, "library": 20, "dense_active": None, "dense_total": None,
                     "metrics": {metric: {system: {"value": 0.9, "low": 0.8, "high": 1.0}
                                          for system in ("moe", "baseline")}},
                     "samples": [{"text": "T", "question": "", "wanted": "W", "given": ""}]}
              for name, metric, other in (("sentiment", "accuracy", "majority"), ("retrieval", "mrr", "tf_idf"))},
}
RECORDED["domains"] = {"story_en": RECORDED["overall"]}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("recorded", [True, False])
def test_scores_are_those_of_the_recording(session, tmp_path, monkeypatch, language, recorded):
    path = recording.save(RECORDED, tmp_path / "evaluation.json") if recorded else tmp_path / "none.json"
    read = tasks_scores.recorded.__wrapped__
    monkeypatch.setattr(tasks_scores, "recorded", lambda: read(path))
    shown = session.but(language=language)
    panels = [tasks_scores.panel_value(name, shown) for name in tasks_scores.DRAWERS]
    assert all(bool(panel) == recorded for panel in panels)
    note = tasks_scores.note(shown)
    assert ("tiny" in note["text"]) == recorded
    if recorded:
        assert "0.90" in panels[0]["summary"]
        assert tasks_scores.samples_value(shown, "sentiment")["rows"][1]["same"] == say(language, "tasks.nothing")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_twin_that_was_measured_is_compared(session, tmp_path, monkeypatch, language):
    less = {"moe_minus_dense_active": {"nats": -0.044, "low": -0.05, "high": -0.038}}
    more = {"moe_minus_dense_total": {"nats": 0.0128, "low": 0.0057, "high": 0.0205}}
    read = tasks_scores.recorded.__wrapped__
    for differences, told in ((less, ["-0.0440"]), (less | more, ["-0.0440", "+0.0128"])):
        path = recording.save({**RECORDED, "overall": RECORDED["overall"] | differences}, tmp_path / "evaluation.json")
        monkeypatch.setattr(tasks_scores, "recorded", lambda path=path: read(path))
        caption = tasks_scores.panel_value("losses", session.but(language=language))["caption"]
        assert [number for number in ("-0.0440", "+0.0128") if number in caption] == told
