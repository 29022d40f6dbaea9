"""A what-if shows what was measured, refuses what cannot be in words of both languages, and loses nothing."""

from threading import Event

import numpy as np
import pytest

from app import trying
from app.asking import MOST_UNDONE, Asking, Dials, Measured, refuse_dials
from app.engine import Engine
from app.session import Session
from app.views import what_if as views
from app.views import what_if_effect as effect_views
from app.words import LANGUAGES, say
from moe_core.interventions import recording
from moe_core.interventions.choices import WhatIf
from moe_core.sampling import Sampling

TEXT = "The cat sat on the mat. 我喜欢学习AI"
USUAL = Dials(layers=(0, 1), k=2)


@pytest.fixture(scope="module")
def session(engine) -> Session:
    """A visitor who has generated 8 tokens after the text."""
    *_, trace = engine.stream(TEXT, Sampling(max_new_tokens=8), Event())
    return Session(trace)


def tried(engine: Engine, session: Session, dials: Dials, text: str = TEXT) -> Session:
    *_, traces = trying.both_ways(engine, session, text, dials, Event())
    return trying.concluded(engine, session, text, dials, traces)


@pytest.mark.parametrize(("dials", "key", "value"), [
    (Dials(layers=(), k=2), "what_if.refuse.layers", ""),
    (Dials(layers=(0,), k=5), "what_if.refuse.k", "5"),
    (Dials(layers=(0,), k=0), "what_if.refuse.k", "0"),
    (Dials(layers=(0,), k=None), "what_if.refuse.k", "None"),
    (Dials(layers=(1,), k=2, off=(0, 1, 2, 3)), "what_if.refuse.all_off", "4"),
    (Dials(layers=(1,), k=2, off=(0, 3), force=3), "what_if.refuse.both", "E3"),
    (Dials(layers=(1,), k=2, temperature=float("nan")), "refuse.dials", "temperature"),
    (Dials(layers=(9,), k=1), "refuse.dials", "layer"),
    (Dials(layers=(0,), k=2, nudge=(1, float("nan"))), "what_if.refuse.nudge", "nan"),
    (Dials(layers=(0,), k=2, nudge=(1, None)), "what_if.refuse.nudge", "None"),
    (Dials(layers=(0,), k=2, nudge=(1, 1e9)), "what_if.refuse.nudge", "1000000000"),
    (Dials(layers=(0,), k=2, nudge=(7, 1.0)), "refuse.dials", "expert"),
    (Dials(layers=(0,), k=4, swap=True), "what_if.refuse.swap", "k = 4"),
    (Dials(layers=(0,), k=2, off=(0, 1), swap=True), "what_if.refuse.swap", "2"),
    (Dials(layers=(0,), k=2, capacity=float("nan")), "refuse.dials", "capacity"),
])
def test_what_cannot_be_is_refused_in_both_languages(dials, key, value):
    refusal = refuse_dials(dials, USUAL, layers=2, experts=4)
    assert refusal.key == key
    for language in LANGUAGES:
        assert value in say(language, refusal.key, **refusal.values)


@pytest.mark.parametrize("dials", [
    USUAL, Dials(layers=(1,), k=4), Dials(layers=(0,), k=2, off=(0, 1, 2)), Dials(layers=(0, 1), k=1, force=3),
    Dials(layers=(0, 1), k=2, fusion="best", temperature=0.1),
    Dials(layers=(0,), k=2, nudge=(3, -10.0), swap=True, capacity=0.5, position=4),
])
def test_what_can_be_is_not_refused(dials):
    assert refuse_dials(dials, USUAL, layers=2, experts=4) is None


def test_untouched_dials_are_no_change_whatever_the_layers():
    assert Dials(layers=(1,), k=2).change(USUAL) == WhatIf()


def test_only_what_was_turned_is_changed():
    change, = Dials(layers=(1,), k=2, off=(3,), temperature=2).change(USUAL).changes
    assert (change.layers, change.off, change.k, change.fusion, change.temperature) == ((1,), (3,), None, None, 2.0)


def test_the_model_as_it_is_twice_is_the_same_to_the_last_bit(engine, session):
    outcome = tried(engine, session, USUAL).asking.outcome
    assert outcome.before.token_ids.tolist() == outcome.after.token_ids.tolist()
    assert np.array_equal(*outcome.losses)
    assert outcome.divergence == 0


def test_the_original_side_is_the_run_of_the_first_tab(engine, session):
    before = tried(engine, session, Dials((0, 1), 1)).asking.outcome.before
    assert before.token_ids.tolist() == session.trace.token_ids.tolist()


def test_the_changed_side_really_lacks_the_expert(engine, session):
    outcome = tried(engine, session, Dials((0,), 2, off=(0, 2))).asking.outcome
    assert set(np.unique(outcome.before.expert_ids[0])) == {0, 1, 2, 3}
    assert set(np.unique(outcome.after.expert_ids[0])) == {1, 3}
    assert set(np.unique(outcome.after.expert_ids[1])) - {1, 3}
    assert not np.array_equal(*outcome.losses)


def test_the_losses_on_screen_are_those_of_the_text(engine, session):
    changed = tried(engine, session, Dials((0, 1), 1))
    numbers = {row["name"]: row for row in views.numbers_value(changed)}
    known = engine.reread(TEXT, WhatIf()).losses
    assert numbers["Loss of your text, as it is"]["value"] == f"{known.mean():.3f}"
    assert f"n = {engine.count_tokens(TEXT) - 1}" in numbers["Loss of your text, as it is"]["note"]
    assert numbers["Rise of the loss"]["value"] == f"{np.subtract(*changed.asking.outcome.losses[::-1]).mean():+.3f}"


def test_a_text_of_one_token_has_no_loss_and_still_a_prediction(engine, session):
    one = tried(engine, session, Dials((0, 1), 1, capacity=1.0), text="T")
    assert [row["value"] for row in views.numbers_value(one)][:3] == ["–", "–", "–"]
    for name in views.PANELS:
        assert views.panel_value(name, one)["title"]


def spelled(token_ids) -> str:
    """One character for every token: what a random model writes are mostly halves of characters."""
    return "".join(chr(0x4E00 + token) for token in token_ids)


def test_both_texts_are_marked_from_where_they_part(engine, session):
    changed = tried(engine, session, Dials((0, 1), 1, off=(0,)))
    first, second = views.texts_value(changed, spelled)["rows"]
    assert first["prompt"] == second["prompt"] == TEXT
    assert first["same"] == second["same"]
    assert first["different"] != second["different"]


def test_stop_leaves_off_before_there_is_anything_to_compare(engine, session):
    stop = Event()
    stop.set()
    *_, traces = trying.both_ways(engine, session, TEXT, Dials((0, 1), 1), stop)
    assert len(traces) == 1


def test_the_reason_names_the_experts_of_the_trace_and_the_runner_up(engine, session):
    asked = trying.explained(engine, session.ask(layer=1, position=3))
    why = asked.asking.reason.why
    assert list(why.chosen) == session.trace.expert_ids[1, 3].tolist()
    ranked = np.argsort(-session.trace.logits[1, 3])
    assert why.runner_up == ranked[2]
    caption = views.panel_value("why", asked)["caption"]
    assert f"Runner-up: E{ranked[2]}" in caption
    assert f"{why.margin:.3f} logits" in caption


def test_whether_the_router_was_sure_is_said_beside_the_other_tokens(engine, session):
    ordered = -np.sort(-session.trace.logits[1], axis=1)
    gaps = ordered[:, 1] - ordered[:, 2]
    said = []
    for position in range(len(gaps)):
        caption = views.panel_value("why", trying.explained(engine, session.ask(layer=1, position=position)))["caption"]
        below = int((gaps < gaps[position]).sum())
        assert f"margin of {gaps[position]:.3f} logits" in caption
        assert f"for {below} of" in caption or f"only {below} of" in caption
        said.append(caption.split(" ")[2])
        expected = "hesitated:" if gaps[position] < 0.1 else "was"
        assert caption.split(" ")[2] == expected
    assert "was" in said


def test_the_experts_missed_most_are_named_only_beyond_the_control(session, tmp_path):
    row = {"delta_nats": 0.5, "low": 0.4, "high": 0.6, "control_low": 0.0, "control_high": 0.1, "n": 4}
    rows = [row | {"layer": 0, "expert": 0}, row | {"layer": 1, "expert": 2, "control_high": 0.45},
            row | {"layer": 1, "expert": 3, "delta_nats": 0.55}]
    settings = {"model": "tiny", "text": "probes", "texts": 2, "tokens": 8, "loss": 3.5, "resampled": "token",
                "format": "float32", "device": "CPU"}
    for known, told in ((rows, ["E3 of layer 1 (+0.55 nats, 95 % interval +0.40 to +0.60", "; E0 of layer 0"]),
                        (rows[1:2], ["No expert is surely missed more"])):
        path = recording.save({"rows": known, "rows_chosen": known, "settings": settings},
                              tmp_path / f"effect{len(known)}.json")
        caption = effect_views.panel_value("map", session.ask(effect=effect_views.recorded(path)))["caption"]
        assert all(part in caption for part in told)
        assert "E2 of layer 1" not in caption


def test_a_position_beyond_a_shorter_text_is_the_last_one(engine, session):
    asked = trying.explained(engine, session.ask(position=999))
    assert asked.asking.position == len(session.trace.token_ids) - 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_panel_speaks_and_says_where_its_numbers_come_from(engine, session, language):
    shown = tried(engine, session, Dials((0,), 1, capacity=0.5)).but(language=language)
    for name in views.PANELS:
        value = views.panel_value(name, shown)
        assert all(value[part] for part in ("title", "caption", "summary", "figure", "csv_hint"))
        assert "n = " in value["caption"]
        assert value["badge"] == say(language, "badge.measured", format="fp32", device="CPU")


def test_undo_goes_back_step_by_step_and_a_reset_can_be_undone():
    one, two = Dials((0,), 1), Dials((0,), 3)
    asking = Asking().then(one, "first").then(two, "second").then(None, None)
    assert (asking.undone().dials, asking.undone().outcome) == (two, "second")
    assert (asking.undone().undone().dials, asking.undone().undone().outcome) == (one, "first")
    assert asking.undone().undone().undone().undone().outcome is None


def test_only_so_many_steps_are_kept():
    asking = Asking()
    for step in range(3 * MOST_UNDONE):
        asking = asking.then(Dials((0,), 1), step)
    assert len(asking.past) == MOST_UNDONE


def test_the_live_effect_grows_layer_by_layer_and_equals_the_library(engine, session):
    from moe_core.interventions.effect import effects

    steps = list(trying.measured(engine, TEXT, Event()))
    assert [step.table["layer"].nunique() for step in steps] == [1, 2]
    known = effects(engine.loaded.model, [engine.loaded.tokenizer.encode(TEXT)]).table
    assert steps[-1].table["delta_nats"].to_numpy() == pytest.approx(known["delta_nats"].to_numpy(), nan_ok=True)


def test_a_cancelled_measurement_yields_nothing_more(engine):
    stop = Event()
    stop.set()
    assert list(trying.measured(engine, TEXT, stop)) == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scope", ["all", "chosen"])
def test_the_effect_is_told_with_its_n_zero_line_and_interval(engine, session, language, scope):
    *_, measured = trying.measured(engine, TEXT, Event())
    shown = session.but(language=language).ask(effect=measured, scope=scope)
    for name in effect_views.DRAWERS:
        value = effect_views.panel_value(name, shown)
        assert all(word in value["caption"] for word in ("95 %", "n = ", "0 = "))
        assert value["badge"] == say(language, "badge.measured", format="fp32", device="CPU")
    table = effect_views.effect_table(shown)
    assert table.groupby("layer")["usage"].sum().tolist() == pytest.approx([2, 2])  # k experts for every token


def test_a_recording_says_so_and_a_missing_one_says_how_to_make_it(session, tmp_path):
    row = {"expert": 0, "delta_nats": 0.5, "low": 0.4, "high": 0.6, "control_low": 0.0, "control_high": 0.1, "n": 4}
    rows = [row | {"layer": layer} for layer in range(3)]
    settings = {"model": "tiny", "text": "probes", "texts": 2, "tokens": 8, "loss": 3.5, "resampled": "token",
                "format": "float32", "device": "CPU"}
    path = recording.save({"rows": rows, "rows_chosen": rows, "settings": settings}, tmp_path / "effect.json")
    shown = session.ask(effect=effect_views.recorded(path))
    assert effect_views.panel_value("map", shown)["badge"] == "recorded · tiny · fp32 · CPU"
    assert "3 of 3 cells" in effect_views.panel_value("map", shown)["caption"]
    assert "n = 8 tokens of 2 texts" in effect_views.source_line(shown)
    assert effect_views.recorded(tmp_path / "none.json") is None
    assert "python -m moe_core effect --out" in effect_views.source_line(session)
    assert effect_views.panel_value("map", session) == {}


def test_an_effect_that_was_measured_is_live(session, engine):
    *_, measured = trying.measured(engine, TEXT, Event())
    assert isinstance(measured, Measured)
    assert effect_views.is_live(session.ask(effect=measured))
    assert not effect_views.is_live(session)
