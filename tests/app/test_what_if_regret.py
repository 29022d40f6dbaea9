"""Selection by performance is told with n, chance and interval, in both languages; live it equals the library."""

import json
from threading import Event

import plotly.graph_objects as go
import pytest

from app import trying
from app.session import Session
from app.views import what_if_regret as views
from app.words import LANGUAGES, say
from moe_core.interventions import hindsight
from moe_core.interventions.regret import regrets
from moe_core.tracing.own import trace_text

TEXT = "The cat <b>sat</b> on the mat. 我喜欢学习AI"


@pytest.fixture(scope="module")
def steps(engine) -> list:
    return list(trying.judged(engine, TEXT, Event()))


@pytest.fixture(scope="module")
def session(engine, steps) -> Session:
    return Session(trace_text(engine.loaded, TEXT)).ask(regret=steps[-1])


def test_it_grows_layer_by_layer_and_equals_the_library(engine, steps):
    known = regrets(engine.loaded.model, [engine.loaded.tokenizer.encode(TEXT)])
    assert [len(step.found.layers) for step in steps] == [1, 2]
    assert steps[-1].found.layers["regret"].tolist() == pytest.approx(known.layers["regret"].tolist())
    assert len(steps[-1].found.experts) == 2 * 4
    assert not steps[-1].recorded


def test_a_cancelled_measurement_yields_nothing_more(engine):
    stop = Event()
    stop.set()
    assert list(trying.judged(engine, TEXT, stop)) == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", views.DRAWERS)
def test_every_panel_states_n_interval_and_chance(session, name, language):
    value = views.panel_value(name, session.but(language=language))
    assert f"n = {session.asking.regret.found.settings['tokens']}" in value["caption"]
    assert "95 %" in value["caption"]
    assert ("16.7%" if name == "agreement" else "25.0%" if name == "loads" else "50 %") in value["caption"]
    assert value["badge"] == say(language, "badge.measured", format="fp32", device="CPU")
    assert "{" not in value["title"] + value["caption"] + value["summary"]
    go.Figure(json.loads(value["figure"]))  # validates


def test_a_recording_says_so_and_a_missing_one_says_how_to_make_it(session, tmp_path):
    found = session.asking.regret.found
    path = hindsight.save(found._replace(settings=found.settings | {"model": "tiny", "text": "probes"}),
                          tmp_path / "regret.json")
    shown = session.ask(regret=views.recorded(path))
    assert views.panel_value("regret", shown)["badge"] == "recorded · tiny · fp32 · CPU"
    assert not views.is_live(shown)
    assert views.is_live(session)
    assert views.recorded(tmp_path / "none.json") is None
    assert "python -m moe_core regret --out" in views.source_line(session.ask(regret=None))
    assert views.panel_value("regret", session.ask(regret=None)) == {}


def test_one_token_is_enough_to_be_judged(engine, session):
    *_, judged = trying.judged(engine, "T", Event())
    for name in views.DRAWERS:
        assert "nan" not in views.panel_value(name, session.ask(regret=judged))["caption"]
