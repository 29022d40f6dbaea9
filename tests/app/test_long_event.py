"""What a visitor chooses while something long runs is there when it ends, and so is what the run found."""

from types import SimpleNamespace

import gradio as gr
import pytest

from app import snippets
from app.engine import Engine
from app.labels import Labels
from app.page import build_page
from app.session import Session, merged
from app.tabs.experts import ExpertsTab
from app.tabs.long_event import TAKEN, LongEvent
from app.tabs.precision import PrecisionTab
from app.tabs.prompt import PromptTab
from app.tabs.tasks import TasksTab
from app.tabs.training_snippet import SnippetPart
from app.tabs.what_if import WhatIfTab
from moe_core.tasks.prompts import SENTIMENT, SUMMARY
from moe_core.tracing.own import trace_text

TEXT = "The cat sat on the mat. 我喜欢学习AI"
VISITOR = SimpleNamespace(session_hash="a")


@pytest.fixture(scope="module")
def session(engine) -> Session:
    return Session(trace_text(engine.loaded, TEXT)).work(job=SENTIMENT)


@pytest.fixture
def laid(engine, session):
    """A tab on a page of its own."""
    def out(kind):
        with gr.Blocks():
            return kind(Labels(), gr.State(session), engine)

    return out


def ended(event: LongEvent, *given, chosen=lambda session: session) -> Session:
    """The session after the event, in the middle of which something was chosen."""
    began, late = given[0][event.session] if isinstance(given[0], dict) else given[0], None
    for shown in event.run(*given):
        assert event.session not in shown
        late = shown.get(event.found, late)
    return event.take(chosen(began), late)[event.session]


def elsewhere(session: Session) -> Session:
    """Another language, another layer in the first tab, a section opened, another job."""
    return session.but(language="zh", layer=1).shorten(sections=frozenset({"ties"})).work(job=SUMMARY)


def is_elsewhere(session: Session) -> bool:
    return (session.language, session.layer, session.shortening.sections, session.working.job) == (
        "zh", 1, frozenset({"ties"}), SUMMARY)


def values_of(tab, session, **others) -> dict:
    """What the browser sends of the dials that stand as they were laid out."""
    dials = {dial: dial.value for dial in others.pop("dials")}
    return {**dials, tab.session: session, tab.text: TEXT, **others}


def test_effects_are_kept_and_so_is_the_scope_chosen_meanwhile(laid, session):
    part = laid(WhatIfTab).effect
    after = ended(part.measuring, session, TEXT, VISITOR, chosen=lambda now: elsewhere(now).ask(scope="chosen"))
    assert is_elsewhere(after)
    assert after.asking.scope == "chosen"
    assert not after.asking.effect.recorded


def test_two_measurements_at_once_keep_what_both_found(laid, session):
    tab = laid(WhatIfTab)
    with_regret = ended(tab.regret.measuring, session, TEXT, VISITOR)
    after = ended(tab.effect.measuring, session, TEXT, VISITOR, chosen=lambda _: with_regret)
    assert after.asking.regret is with_regret.asking.regret is not None
    assert after.asking.effect is not None


def test_an_outcome_is_explained_in_the_layer_chosen_meanwhile(laid, session):
    tab = laid(WhatIfTab)
    values = values_of(tab, session, dials=tab.dials.all)
    after = ended(tab.trying, values, VISITOR, chosen=lambda now: elsewhere(now).ask(layer=1))
    assert is_elsewhere(after)
    assert after.asking.outcome is not None
    assert (after.asking.layer, after.asking.reason.why.layer) == (1, 1)


def test_an_answer_is_kept_and_so_is_the_job_chosen_meanwhile(laid, session):
    after = ended(laid(TasksTab).doing, session, TEXT, "", VISITOR, chosen=elsewhere)
    assert is_elsewhere(after)
    assert after.working.answered.job == SENTIMENT


def test_a_text_taken_apart_is_kept_beside_the_job_chosen_meanwhile(laid, session):
    after = ended(laid(TasksTab).text_part.preparing, session, TEXT, chosen=elsewhere)
    assert is_elsewhere(after)
    assert after.working.prepared is not None


def test_a_comparison_is_kept_and_a_section_opened_meanwhile_is_measured_next(laid, session):
    tab = laid(PrecisionTab)
    values = values_of(tab, session, dials=(tab.format, tab.arithmetic, tab.routers, tab.replay))
    after = ended(tab.comparing, values, chosen=lambda now: elsewhere(now).but(compared_layer=1, compared_position=999))
    assert is_elsewhere(after)
    assert after.compared_layer == 1
    assert after.compared_position < len(after.comparison.kl)
    shown = {}
    for more in tab.measure_open(after, "a"):
        shown |= more
    ties = next(part for part in tab.sections if part.name == "ties")
    assert shown[ties.panels["ties"]]["rows"]


def test_counts_are_kept_and_so_is_the_kind_chosen_meanwhile(laid, session):
    tab = laid(ExpertsTab)
    after = ended(tab.counting, session, "text", chosen=lambda now: elsewhere(now).observe(kind="language", layer=99))
    assert is_elsewhere(after)
    assert (after.observing.source, after.observing.kind) == ("text", "language")
    assert after.observing.layer < len(after.observing.evidence.corpus.layers)


def test_a_run_is_kept_and_so_is_what_was_chosen_while_it_was_written(laid, session):
    tab = laid(PromptTab)
    values = {tab.session: session, tab.prompt: TEXT, **{dial: dial.value for dial in tab.dials.values()}}
    values[tab.dials["max_new_tokens"]] = 4
    late, state = None, session
    for shown in tab.generating.run(values, VISITOR):
        late = shown.get(tab.generating.found, late)
        if late and state is session:  # a click in the middle of it, on the token that came last
            grown = tab.live(state, VISITOR).trace
            assert grown is late.after.trace
            at = len(grown.token_ids) - 1
            state = tab.settle(state, SimpleNamespace(position=at, layer=1), VISITOR)[tab.session]
            state = elsewhere(tab.change_quantity(state, "weight", VISITOR)[tab.session])
            assert (state.trace, state.position) == (grown, at)
    for after in (tab.generating.take(state, late)[tab.session], tab.end(state, late)[tab.session]):
        assert is_elsewhere(after)
        assert (after.trace, after.quantity, after.layer) == (late.after.trace, "weight", 1)
        assert after.trace.phase.count("generated") == 4
        assert after.position == at
    assert tab.end(after, None)[tab.strip]["tokens"]


def test_a_text_written_meanwhile_does_not_get_the_lens_of_the_one_before(laid, engine, session):
    other = trace_text(engine.loaded, "The mat")
    more = laid(PromptTab).more
    assert ended(more.asking, session).lens is not None
    after = ended(more.asking, session, chosen=lambda now: now.with_trace(other))
    assert (after.trace, after.lens) == (other, None)


def test_a_sentence_counted_meanwhile_does_not_get_what_was_written_after_the_one_before(laid, session, monkeypatch):
    monkeypatch.setattr(snippets, "ships", lambda: True)
    monkeypatch.setattr(snippets, "run_ours", lambda text: f"after {text}")
    running = laid(lambda labels, state, engine: SnippetPart(labels, state)).running["ours"]
    monkeypatch.setattr("app.views.training_snippet.counts_value", lambda session: {})
    monkeypatch.setattr("app.views.training_snippet.texts_value", lambda session: {})
    assert ended(running, session, TEXT, chosen=elsewhere).training.snippets == (("ours", f"after {TEXT}"),)
    after = ended(running, session, TEXT, chosen=lambda now: now.train(counted="newer"))
    assert (after.training.counted, after.training.snippets) == ("newer", ())


def test_nothing_is_drawn_again_where_nothing_was_chosen_meanwhile(session):
    with gr.Blocks():
        state, told = gr.State(session), gr.Textbox()
        event = LongEvent(state, lambda now: {state: now.but(layer=1)}, lambda now: {told: now.language})
        event.connect([told.submit], state, [state, told])
        rest = LongEvent(state, lambda now: {state: now.but(layer=1)}, lambda now: {told: now.language})
        rest.connect([told.submit], state, [state, told], rest=lambda now, visitor: iter(()))
    for each, mark in ((event, None), (rest, TAKEN)):
        shown, = each.run(session)
        undisturbed = each.take(session, shown[each.found])
        assert undisturbed == {state: undisturbed[state], each.found: mark}
        assert undisturbed[state].layer == 1
        assert each.take(session.but(language="zh"), shown[each.found])[told] == "zh"


def test_an_event_that_found_nothing_changes_nothing(session):
    with gr.Blocks():
        state, told = gr.State(session), gr.Textbox()
        event = LongEvent(state, lambda now: {told: "refused"}, lambda now: {})
        event.connect([told.submit], state, [state, told])
    assert list(event.run(session)) == [{told: "refused"}]
    assert state not in event.take(session, None)


def test_only_what_became_different_is_taken_over(session):
    after = session.but(position=3).work(layer=1)
    now = session.but(layer=2).work(job=SUMMARY)
    both = merged(session, after, now)
    assert (both.position, both.layer, both.working.layer, both.working.job) == (3, 2, 1, SUMMARY)
    assert merged(session, session, now) == now
    assert merged(session, after, session) == after


AT_ONCE = {"open", "opening", "change"}  # these give the session back at once and then leave it alone


def test_no_other_event_that_waits_in_the_queue_gives_the_session_back(session):
    events = build_page(Engine("no-such-model"), session.trace).config["dependencies"]
    sessions = {event["outputs"][0] for event in events if str(event["api_name"]).startswith("translate")}
    queued = {str(event["api_name"]).rstrip("_0123456789") for event in events
              if event["queue"] is not False and sessions & set(event["outputs"])}
    assert queued <= AT_ONCE
