"""A nudge, a swap and a capacity do what they say, for one token or for all, in every choice of layers."""

import re
from threading import Event

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import trying
from app.asking import FARTHEST_NUDGE, Dials, refuse_dials
from app.engine import Engine
from app.session import Session
from app.views import what_if as views
from app.views import what_if_dropped as drops
from moe_core.interventions.choices import WhatIf
from moe_core.sampling import Sampling

TEXT = "The cat sat on the mat. 我喜欢学习AI"
USUAL = Dials(layers=(0, 1), k=2)
LAYERS = st.sets(st.integers(0, 1), min_size=1).map(lambda layers: tuple(sorted(layers)))
EXPERT = st.integers(0, 3)


@pytest.fixture(scope="module")
def session(engine) -> Session:
    """A visitor who has generated 6 tokens after the text."""
    *_, trace = engine.stream(TEXT, Sampling(max_new_tokens=6), Event())
    return Session(trace)


def tried(engine: Engine, session: Session, dials: Dials) -> Session:
    *_, traces = trying.both_ways(engine, session, TEXT, dials, Event())
    return trying.concluded(engine, session, TEXT, dials, traces)


def test_a_swap_of_one_token_leaves_all_others_in_that_layer_alone(engine, session):
    outcome = tried(engine, session, Dials((0,), 2, swap=True, position=3)).asking.outcome
    moved = (outcome.before.expert_ids[0] != outcome.after.expert_ids[0]).any(axis=1)
    assert np.flatnonzero(moved[:outcome.prompt_tokens]).tolist() == [3]
    ranked = np.argsort(-session.trace.logits[0, 3])
    assert outcome.after.expert_ids[0, 3].tolist() == [ranked[2], ranked[1]]
    assert np.array_equal(outcome.losses[0][:2], outcome.losses[1][:2])  # what was read before cannot see it


def test_a_nudge_just_above_the_smallest_one_brings_the_runner_up_in(engine, session):
    why = trying.explained(engine, session.ask(layer=1, position=2)).asking.reason.why
    for amount, comes_in in ((0.999 * why.nudge, False), (1.001 * why.nudge, True)):
        after = tried(engine, session, Dials((1,), 2, nudge=(why.runner_up, amount), position=2)).asking.outcome.after
        assert (why.runner_up in after.expert_ids[1, 2]) == comes_in


def test_a_change_for_one_token_needs_that_token_in_the_text(session):
    dials = Dials((0,), 2, swap=True, position=3)
    assert trying.refuse_token(session, TEXT, dials) is None
    assert trying.refuse_token(session, "another text", dials).key == "what_if.refuse.other_text"
    assert trying.refuse_token(session, "another text", Dials((0,), 2, swap=True)) is None


def test_what_holds_for_a_layer_holds_for_every_token_beside_a_change_for_one(engine):
    one, all_tokens = Dials((0,), 1, off=(2,), position=3).change(USUAL).changes
    assert (one.positions, one.off, one.k) == ((3,), (2,), None)
    assert (all_tokens.positions, all_tokens.off, all_tokens.k) == (None, (), 1)


def test_an_ample_capacity_drops_nothing_and_costs_nothing(engine, session):
    shown = tried(engine, session, Dials((0, 1), 2, capacity=4.0))
    outcome = shown.asking.outcome
    assert outcome.dropped == ()
    assert np.array_equal(*outcome.losses)
    assert "0 of n = " in views.panel_value("dropped", shown)["caption"]


def test_what_drops_is_recounted_by_hand(engine, session):
    shown = tried(engine, session, Dials((0,), 2, capacity=0.5)).ask(layer=0)
    outcome, length = shown.asking.outcome, shown.asking.outcome.prompt_tokens
    read = engine.loaded.model  # END is read first, so it takes its slots first
    assert read.config.num_experts == 4
    asked = engine.reread(TEXT, WhatIf()).trace.expert_ids[0]  # (T, 2) of the visible tokens
    room = drops.dropped_facts(shown)["room"]
    assert room == int(np.ceil(0.5 * (length + 1) * 2 / 4))
    served = {expert: sum(1 for position in range(length) for place in range(2)
                          if asked[position, place] == expert and f"E{expert}" not in _gone(outcome, position))
              for expert in range(4)}
    assert all(served[expert] <= room for expert in served)
    full = {expert for _, _, expert in outcome.dropped}
    assert all(served[expert] >= room - 2 for expert in full)  # END may hold up to one slot of each
    marked = [token.get("flipped", False) for token in views.strip_value(shown)["tokens"]]
    assert {position for position, red in enumerate(marked) if red} == {
        position for layer, position, _ in outcome.dropped if position >= 0}
    table = drops.dropped_table(shown)
    assert table["refused"].sum() == sum(1 for dropped in outcome.dropped if dropped.position >= 0)
    cost = float(re.search(r"Cost: ([+-][\d.]+)", views.panel_value("dropped", shown)["caption"])[1])
    assert cost == pytest.approx((outcome.losses[1] - outcome.losses[0]).mean(), abs=6e-4)


def _gone(outcome, position: int) -> set[str]:
    return {f"E{expert}" for _, at, expert in outcome.dropped if at == position}


@settings(max_examples=60, deadline=None)
@given(layers=LAYERS, k=st.integers(1, 4), off=st.sets(EXPERT, max_size=3), force=st.none() | EXPERT,
       nudge=st.none() | st.tuples(EXPERT, st.floats(-FARTHEST_NUDGE, FARTHEST_NUDGE)), swap=st.booleans(),
       capacity=st.none() | st.sampled_from([0.5, 1.0, 2.0]), position=st.none() | st.integers(0, 9))
def test_every_choice_of_dials_runs_or_is_refused_in_words(engine, layers, k, off, force, nudge, swap, capacity,
                                                           position):
    dials = Dials(layers, k, tuple(off), force, nudge=nudge, swap=swap, capacity=capacity, position=position)
    if refuse_dials(dials, USUAL, layers=2, experts=4) is None:
        run = engine.reread(TEXT, dials.change(USUAL))
        assert np.isfinite(run.losses).all()
        untouched = [layer for layer in (0, 1) if layer not in layers and layer < min(layers)]
        plain = engine.reread(TEXT, WhatIf()).trace
        for layer in untouched:
            assert np.array_equal(run.trace.expert_ids[layer, :, :2], plain.expert_ids[layer])
