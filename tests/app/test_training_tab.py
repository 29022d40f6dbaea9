"""What is said of a run is what it told; what cannot be trained is refused in both languages, and nothing is lost."""

import json
import re

import pytest

from app.session import Session
from app.training_runs import Bench
from app.training_state import LAB, TABLE, WORDS, Training, TrainingRun, valid_key
from app.views import training as views
from app.views import training_again, training_lab, training_table, training_words
from app.words import LANGUAGES, say, sentences
from moe_core.lab import table, wordlist
from moe_core.lab.dials import FUSIONS, PRECISIONS, SELECTIONS, SHARINGS, LabDials
from moe_core.lab.errors import SENTENCES, LabError


@pytest.fixture(params=LANGUAGES)
def session(request):
    return Session(None, language=request.param, training=Training(key="0" * 32, opened=True))


def step(number: int, **more) -> dict:
    return {"kind": "step", "step": number, "tokens": number * 64, "seconds": number / 10, "loss": 5.0 - number / 10,
            "twin_loss": 5.1 - number / 10, "load": [[0.5, 0.5], [1.0, 0.0]], "max_violation": [0.0, 1.0],
            "dropped": 0.25, "tokens_per_second": 1234, **more}


@pytest.fixture
def lab_run():
    run = TrainingRun("a", {"kind": LAB, "source": "stories", "dials": {**LabDials().as_json(), "balance": 0.0}})
    run.change("running")
    for report in ({"kind": "reading"}, {"kind": "begun", "parameters": 2000, "active": 1000, "vocabulary": 1024,
                                         "twin_parameters": 990, "training_tokens": 5000, "held_out_tokens": 600},
                   step(10, validation_loss=4.5, twin_validation_loss=4.4), step(20, sample="once <b>upon</b>")):
        run.hear(report)
    return run


@pytest.fixture
def words_run():
    run = TrainingRun("a", {"kind": WORDS, "dials": {"k": 2, "learning_rate": 0.001, "seed": 0, "gate": True}})
    run.change("running")
    scored = {f"{part}_{name}": 0.5 for part in ("train", "validation") for name in ("accuracy", "recall", "f1")}
    run.hear({"kind": "begun", "words": ["我", "喜欢", "学习", "AI", "cat"], "lines": 5, "repeats": 0})
    for epoch in (1, 2):
        run.hear({"kind": "step", "step": epoch, "loss": 1.0, "validation_loss": None, "load": [0.25, 0.75],
                  "balance": 1.1, "sample": ["我", "喜欢"], "vectors": [[0.0, epoch]] * 5, "seconds": 1.0, **scored})
    return run


def test_everything_a_running_mixture_tells_is_drawn(session, lab_run):
    panels = training_lab.panels_value(session, lab_run)
    assert all(json.loads(panel["figure"])["data"] for panel in panels.values())
    numbers = {entry["name"]: entry["value"] for entry in training_lab.numbers_value(session, lab_run)}
    assert list(numbers.values())[:3] == ["4.500", "+0.100", "2,000 / 1,000"]
    assert "1" in numbers[say(session.language, "training.lab.number.idle")]


def test_everything_the_thousand_words_tell_is_drawn(session, words_run):
    panels = training_words.panels_value(session, words_run)
    assert set(panels) == set(training_words.PANELS)
    assert all(json.loads(panel["figure"])["data"] for panel in panels.values())
    assert training_words.numbers_value(session, words_run)[0]["value"] == "1.000 → –"
    rows = views.samples_value(words_run, "words", session.language)["rows"]
    assert [row["prompt"] + row["same"] for row in rows] == ["我 喜欢"] * 2


def test_of_the_word_vectors_only_the_latest_are_kept(words_run):
    assert ["vectors" in report for report in words_run.told("step")] == [False, True]


def test_before_the_first_report_nothing_is_drawn(session):
    run = TrainingRun("a", {"kind": LAB, "dials": {}})
    assert training_lab.numbers_value(session, run) == []
    assert set(map(str, training_lab.panels_value(session, run).values())) == {"{}"}
    assert views.status_line(None, 0, session.language)["kind"] == "quiet"


@pytest.mark.parametrize(("outcome", "key"), [("finished", "finished"), ("stopped", "stopped"),
                                              ("deadline", "deadline"), ("diverged", "diverged.lab")])
def test_every_end_of_a_run_has_its_sentence(session, lab_run, outcome, key):
    lab_run.hear({"kind": "done", "state": outcome, "step": 20, "seconds": 3.0, "at": 23})
    lab_run.conclude(lab_run.reports[-1])
    assert lab_run.outcome == outcome
    line = views.status_line(lab_run, 0, session.language)
    assert line["text"] == say(session.language, f"training.status.{key}", **views.facts_of(lab_run))
    assert line["kind"] == ("problem" if outcome == "diverged" else "done")


def test_a_place_in_the_queue_is_told(session):
    line = views.status_line(TrainingRun("a", {"kind": LAB, "dials": {}}), 3, session.language)
    assert "3" in line["text"]


@pytest.mark.parametrize("data", [b"", b"a\nb", b"\0", b"\n".join(b"%d" % n for n in range(100_000))])
def test_what_a_word_list_lacks_is_said_in_both_languages(data):
    with pytest.raises(LabError) as caught:
        wordlist.read(data)
    for language in LANGUAGES:
        assert views.refusal_text(caught.value.reason, caught.value.values, language)


def test_every_reason_of_the_laboratory_is_translated():
    assert {f"training.refuse.{reason}" for reason in SENTENCES} <= sentences("en").keys()


@pytest.mark.parametrize(("kind", "names"), [("selection", SELECTIONS), ("sharing", SHARINGS), ("fusion", FUSIONS),
                                             ("precision", PRECISIONS)])
def test_every_strategy_has_a_name(kind, names):
    assert {f"training.{kind}.{name}" for name in names} <= sentences("zh").keys()


def test_kept_runs_are_named_by_what_was_turned(session, lab_run):
    bench = Bench()
    bench.kept = [lab_run]
    assert "0" in training_lab.name_of(lab_run, session.language)
    assert say(session.language, "training.dial.balance") in training_lab.name_of(lab_run, session.language)
    assert training_lab.compared_value(session, bench)["figure"]


def test_the_recorded_table_is_shown_with_its_spread(session, monkeypatch, tmp_path):
    path = tmp_path / "strategies.csv"
    for seed in (0, 1):
        for kind, name in (("usual", "usual"), ("dense", "dense"), ("selection", "hash"), ("balance", "0")):
            table._append(path, {"kind": kind, "strategy": name, "seed": seed, "parameters": 10, "active": 5,
                                 "tokens": 99, "loss": 3.0 + seed, "max_violation": "" if kind == "dense" else 0.5,
                                 "tokens_per_second": 100, "state": "finished", "text": "0",
                                 "dials": json.dumps(LabDials().as_json())})
    known = table.summary, table.shape
    monkeypatch.setattr(table, "summary", lambda: known[0](path))
    monkeypatch.setattr(table, "shape", lambda: known[1](path))
    facts = training_table.facts_value(session)
    assert facts["rows"][0]["cells"][1] == ["3.500", "± 0.707"]
    assert facts["rows"][1]["cells"][2] == ["–", ""]
    assert [row["marked"] for row in facts["rows"]] == [True, False, False, False]
    assert training_table.figure_value(session)["figure"]


@pytest.fixture
def table_run():
    run = TrainingRun("a", {"kind": TABLE, "dials": {"seed": 7, "steps": 20}})
    run.change("running")
    run.hear({"kind": "begun", "total": 19})
    for place, (kind, name, loss) in enumerate((("usual", "usual", 4.5), ("dense", "dense", 4.25)), 1):
        run.hear({"kind": "step", "step": place, "seconds": 2.0, "row": {
            "kind": kind, "strategy": name, "seed": 7, "parameters": 10, "active": 5, "loss": loss,
            "max_violation": 0.5 if kind == "usual" else "", "tokens_per_second": 100, "state": "finished"}})
    return run


def test_strategies_measured_anew_are_shown_as_they_come(session, table_run):
    panels = training_again.panels_value(session, table_run)
    assert [row["cells"][1] for row in panels["facts"]["rows"]] == [["4.500", ""], ["4.250", ""]]
    assert re.search(r"2 (of|/) 19", panels["facts"]["caption"])
    assert say(session.language, "training.table.dense") in panels["loss"]["summary"]
    assert "2" in views.status_line(table_run, 0, session.language)["text"]


def test_a_table_that_is_stopped_says_how_far_it_came(session, table_run):
    table_run.end("stopped")
    facts = views.facts_of(table_run)
    assert (facts["step"], facts["total"]) == (2, 19)
    assert views.status_line(table_run, 0, session.language)["text"] == say(session.language, "training.status.stopped",
                                                                            **facts)


def test_one_seed_has_no_whiskers(session, table_run):
    figure = training_again.loss(table_run, session).figure
    assert figure.data[0].error_x.array is None


def test_a_key_from_outside_is_taken_only_if_a_browser_of_ours_could_have_made_it():
    assert valid_key("0a" * 16) == "0a" * 16
    assert [valid_key(key) for key in ("", None, "../x", "0A" * 16, 7, "0a" * 17)] == [""] * 6


