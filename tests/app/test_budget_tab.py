"""The tab shows what was measured in both languages, refuses what cannot be, and keeps what was found."""

import json
from threading import Event

import pytest

from app import planning
from app.budgeting import BEST, Budgeting, Dials, refuse_dials
from app.engine import Engine
from app.session import Session
from app.views import budget as views
from app.words import LANGUAGES, say
from moe_core.precision import damage_texts
from moe_core.precision.optimise import BudgetError
from moe_core.sampling import Sampling

TEXT = "The cat sat on the mat. 我喜欢学习AI"


@pytest.fixture(scope="module", autouse=True)
def _few_tokens():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(damage_texts, "TOKENS", {"calibration": 300, "gate": 600, "third": 600, "fitting": 600})
        yield


@pytest.fixture(scope="module")
def engine(build_engine) -> Engine:
    return build_engine(initializer_range=0.2)


@pytest.fixture(scope="module")
def found(engine):
    *_, found = planning.searched(engine, Dials(percent=5.0), Event())
    return found


@pytest.fixture(scope="module")
def session(engine, found) -> Session:
    *_, trace = engine.stream(TEXT, Sampling(max_new_tokens=2), Event())
    return Session(trace, budgeting=Budgeting(opened=True, found=found, recorded=False))


@pytest.mark.parametrize(("dials", "key"), [
    (Dials(percent=-0.1), "budget.refuse.tolerance"), (Dials(percent=None), "budget.refuse.tolerance"),
    (Dials(percent=float("nan")), "budget.refuse.tolerance"), (Dials(percent=1e9), "budget.refuse.tolerance"),
    (Dials(goal=BEST, megabytes=0), "budget.refuse.budget"), (Dials(goal=BEST, megabytes="x"), "budget.refuse.budget"),
    (Dials(goal="?"), "budget.refuse.choice"), (Dials(kind="?"), "budget.refuse.choice")])
def test_what_cannot_be_is_refused_in_both_languages(dials, key):
    refusal = refuse_dials(dials)
    assert refusal.key == key
    assert all(say(language, key, **refusal.values) for language in LANGUAGES)


@pytest.mark.parametrize("dials", [Dials(), Dials(percent=0), Dials(goal=BEST, megabytes=1), Dials(megabytes=None)])
def test_what_can_be_is_not_refused(dials):
    assert refuse_dials(dials) is None


def test_a_budget_that_no_plan_keeps_says_what_is_possible(engine):
    with pytest.raises(BudgetError) as refused:
        list(planning.searched(engine, Dials(goal=BEST, megabytes=0.001), Event()))
    assert refused.value.least > 1000


def test_a_cancelled_search_ends_at_once(engine):
    stop = Event()
    stop.set()
    with pytest.raises(planning.Ended, match="cancelled"):
        list(planning.searched(engine, Dials(), stop))


def test_a_second_search_need_not_read_the_texts_again(engine, found):
    *steps, again = planning.searched(engine, Dials(percent=5.0), Event())
    assert {step.stage for step in steps} <= {"uniform", "search", "third"}
    assert again.plan == found.plan


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_panel_speaks_both_languages(session, language):
    session = session.but(language=language)
    for name in ("pareto", "bits", "load", "sensitivity"):
        value = views.panel_value(name, session)
        assert value["title"] == say(language, f"budget.{name}.title")
        assert json.loads(value["figure"])["data"]
    assert len(views.numbers_value(session)) == len(views.NUMBERS)
    assert views.plan_value(session)["rows"]


def test_the_plan_file_holds_the_plan(session, found):
    assert json.loads(views.plan_file(session)["text"]) == found.plan


def test_the_rows_of_the_plan_hold_all_its_bytes_but_the_norms(session, found):
    bytes = sum(int(row[-1].replace(",", "")) for row in views.plan_value(session)["rows"])
    assert 0 < found.chosen["bytes"] - bytes < 4 * 32 * 8


def test_nothing_found_is_said_and_nothing_is_drawn(session):
    empty = session.budget(found=None)
    assert views.source_line(empty)["text"] == say("en", "budget.missing")
    assert views.panel_value("pareto", empty) == {}
    assert views.numbers_value(empty) == []
    assert views.plan_value(empty) == {}


def test_the_bisector_names_a_part_in_words(engine, session):
    *_, row = planning.bisected(engine, Dials(percent=0.0), "int2", "before", Event())
    line = views.culprit_lines(session.budget(culprits=(row,)))["text"]
    assert "Embedding" in line


def test_a_finished_search_goes_into_the_session_as_it_is_now(engine, session, found):
    from types import SimpleNamespace

    import gradio as gr

    from app.labels import Labels
    from app.tabs.budget import BudgetTab

    with gr.Blocks():
        state = gr.State(session)
        tab = BudgetTab(Labels(), state, engine)
    tab.done["visitor"] = found
    now = session.but(language="zh", layer=1)
    taken = tab.take(now, SimpleNamespace(session_hash="visitor"))
    assert (taken[state].language, taken[state].layer) == ("zh", 1)
    assert taken[state].budgeting.found is found
    assert tab.done == {}
