"""The tab Precision shows what was measured, in both languages, and measures the same thing only once."""

import json
from threading import Event

import gradio as gr
import pytest

from app import theme
from app.engine import Engine
from app.labels import Labels
from app.measuring import BEGIN, DEPENDS_ON, Laboratory, question
from app.session import Session
from app.shortening import PROBES
from app.tabs.precision import PrecisionTab
from app.views import precision_sections as views
from app.views import precision_writing as writing
from app.words import LANGUAGES, say
from moe_core.sampling import Sampling

TEXT = "The cat sat on the mat. 我喜欢学习AI"


@pytest.fixture(scope="module")
def engine(build_engine) -> Engine:
    return build_engine(shared_intermediate_size=16)


@pytest.fixture(scope="module")
def session(engine) -> Session:
    """A visitor who has compared a text in bf16."""
    *_, trace = engine.stream(TEXT, Sampling(max_new_tokens=4), Event())
    return compared(engine, Session(trace), "bf16", "compute")


@pytest.fixture(scope="module")
def tab(engine, session) -> PrecisionTab:
    with gr.Blocks():
        return PrecisionTab(Labels(), gr.State(session.but(comparison=None)), engine)


def compared(engine: Engine, session: Session, format: str, arithmetic: str, **dials) -> Session:
    token_ids = session.trace.token_ids.tolist()
    return session.but(comparison=engine.compare(token_ids, len(token_ids) - 4, format, engine=arithmetic,
                                                 **{"routers": "short", "replay": False, **dials}))


def asked_of(tab: PrecisionTab, session: Session, **dials) -> dict:
    """What the page sends with a click on Compare."""
    chosen = {"format": "fp16", "arithmetic": "compute", "routers": "short", "replay": False} | dials
    return {tab.session: session, tab.text: TEXT, **{getattr(tab, name): value for name, value in chosen.items()}}


def measured(laboratory: Laboratory, section: str, session: Session):
    """The answer of a section, with its steps walked."""
    steps = list(laboratory.measure(section, session, Event()))
    return laboratory.known(section, session), steps


def test_every_section_is_measured_and_drawn_in_both_languages(engine, session, tab):
    drawers = {part.name: part.drawers for part in [*tab.parts, tab.sections[-1].seconds]}
    assert drawers.keys() == BEGIN.keys() == DEPENDS_ON.keys()
    for section, panels in drawers.items():
        answer, steps = measured(tab.laboratory, section, session)
        assert steps[-1][0] == steps[-1][1]
        for language in LANGUAGES:
            seen = session.but(language=language)
            for name, draw in panels.items():
                value = views.panel_value(section, name, draw, seen, answer)
                assert all(value[part] for part in ("title", "caption", "badge", "csv_hint")), name
                assert value["rows"] if name in views.TABLES else json.loads(value["figure"])["data"]


def test_the_same_question_is_measured_once_whoever_asks(engine, session):
    laboratory = Laboratory(engine)
    assert measured(laboratory, "growth", session)[1]
    assert measured(laboratory, "growth", session.but(language="zh", position=3))[1] == []
    other = compared(engine, session, "fp16", "compute")
    assert laboratory.known("growth", other) is None
    assert question("cliff", other) == question("cliff", session)  # the cliff does not depend on the format


def test_a_stopped_measurement_is_not_kept(engine, session):
    laboratory, stop = Laboratory(engine), Event()
    steps = laboratory.measure("cliff", session, stop)
    next(steps)
    stop.set()
    assert list(steps) == []
    assert laboratory.known("cliff", session) is None


def test_whole_numbers_fall_to_storage_with_a_clear_word(tab, session):
    answers = tab.compare(asked_of(tab, session, format="int8"))
    first = next(shown for shown in answers if tab.arithmetic in shown)
    assert first[tab.arithmetic] == "storage"
    assert say("en", "precision.only_stored", format="int8") in first[tab.status]["text"]
    assert first[tab.session].comparison.settings["engine"] == "storage"


def test_a_comparison_measures_the_table_of_all_formats_and_what_is_open(tab, session):
    seen = session.shorten(sections=frozenset({"ties"}))
    shown = {}
    for more in tab.compare(asked_of(tab, seen)):
        shown |= more
    for more in tab.measure_open(shown[tab.session], "a"):
        shown |= more
    table = shown[tab.formats.panels["formats"]]
    assert [row["cells"][0][0] for row in table["rows"]] == ["fp16", "bf16"]
    assert [row["marked"] for row in table["rows"]] == [True, False]
    ties = next(part for part in tab.sections if part.name == "ties")
    assert shown[ties.panels["ties"]]["rows"]
    growth = next(part for part in tab.sections if part.name == "growth")
    assert shown[growth.panels["growth"]] == {}


def test_only_what_a_section_was_wired_to_is_updated(tab, session):
    """gradio refuses an update of a component that is no output of the event."""
    compared = next(iter([shown for shown in tab.compare(asked_of(tab, session)) if tab.session in shown]))
    for part in [*tab.parts, tab.sections[-1].seconds]:
        for shown in part.measure(compared[tab.session], "a"):
            assert set(shown) <= set(part.answered), part.name


def test_the_table_may_show_the_recording_instead(tab, session):
    recorded = views.recorded_report()
    seen = session.shorten(source=PROBES)
    value = views.panel_value("formats", "formats", views.formats, seen, None)
    assert recorded.settings["model"] in value["badge"]
    assert str(recorded.settings["tokens"]) in value["caption"]
    stored = compared(tab.engine, seen, "int4", "storage")
    rows = views.panel_value("formats", "formats", views.formats, stored, None)["rows"]
    assert [row["cells"][0][0] for row in rows] == ["fp16", "bf16", "int8", "int4", "int2"]


def test_a_missing_recording_shows_nothing_and_breaks_nothing(session, tmp_path):
    assert views.recorded_report(tmp_path / "none.json") is None


def test_joules_appear_only_from_the_visitors_watts(engine, session):
    table, _ = measured(Laboratory(engine), "seconds", session)
    draw = writing.DRAWERS["seconds"]["seconds"]
    assert {row["cells"][2][0] for row in draw(session, table).rows} == {"–"}
    told = draw(session.shorten(watts=5.0), table)
    assert told.table["joules_per_token"].tolist() == pytest.approx((5 * table["seconds"] / 1000).tolist())
    assert "not measured" in told.facts["told"]


@pytest.mark.parametrize(("typed", "kept"), [(5, 5.0), (None, None), (-1, None), (float("nan"), None), (1e9, None)])
def test_watts_that_no_board_has_count_as_none(tab, session, typed, kept):
    seconds = tab.sections[-1].seconds
    assert seconds.change(session, typed)[seconds.session].shortening.watts == kept


def test_the_power_stays_on_its_slider(tab, session):
    cliff = next(part for part in tab.sections if part.name == "cliff")
    assert cliff.change(session, 99)[cliff.session].shortening.power == 16


def test_both_texts_are_marked_from_the_fork(engine, session):
    import pandas as pd

    table = pd.DataFrame({"step": [0, 1], "reference": [5, 6], "other": [5, 7], "gap": [1.0, 0.01],
                          "other_gap": [1.0, 0.1], "same": [True, False]})
    value = writing.texts_value(session, table, lambda ids: "".join(f"<{token}>" for token in ids))
    assert [(row["same"], row["different"]) for row in value["rows"]] == [("<5>", "<6>"), ("<5>", "<7>")]
    assert "new token 2 of 2" in value["caption"]


def test_every_colour_has_a_partner_in_the_dark():
    from app.figures import precision_more as figures

    assert {*figures.ROUTER_COLOURS.values(), *figures.PLACE_COLOURS.values()} <= theme.DARK_OF_LIGHT.keys()
