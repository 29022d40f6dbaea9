"""The slider shows the recorded snapshots of a real run, and says what makes a recording that is not there."""

import json

import plotly.graph_objects as go
import pytest

from app.session import Session
from app.training_state import Training
from app.views import experts_training
from app.views import training_scrubber as views
from app.words import LANGUAGES, say
from moe_core.__main__ import main
from moe_core.tracing import settling

TEXTS = ("the cat likes the dog. the dog likes the cat.", "猫喜欢狗。狗喜欢学习AI。", "the dog. 狗")


@pytest.fixture(scope="module")
def recording(finished, tmp_path_factory):
    """The snapshots of a tiny run of the real command, recorded by the real command."""
    folder, run = tmp_path_factory.mktemp("recorded"), finished / "run"
    (folder / "texts.txt").write_text("\n".join(TEXTS), encoding="utf-8")
    assert main(["record", "--texts", str(folder / "texts.txt"), "--model", str(run / "model"),
                 "--out", str(folder / "training.json"), "--snapshots", str(run)]) == 0
    return folder / "training.json"


@pytest.fixture
def places(monkeypatch, tmp_path, recording):
    """Which recordings ship: each call of the fixture names those that do."""

    def ship(*runs: str) -> None:
        for run, owner, name in (("balanced", experts_training, "RECORDING"), ("unbalanced", views, "UNBALANCED")):
            monkeypatch.setattr(owner, name, recording if run in runs else tmp_path / "nothing.json")

    return ship


@pytest.fixture(params=LANGUAGES)
def session(request):
    return Session(None, language=request.param, training=Training(opened=True, moment=0))


def test_every_moment_draws_the_numbers_of_its_own_step(session, places, recording):
    places("balanced", "unbalanced")
    found = settling.load(recording)
    for moment, step in enumerate(found.settings["steps"]):
        here = session.train(moment=moment)
        picture = views.DRAWERS["load.balanced"](here)
        wanted = found.load[found.load["step"] == step].pivot(index="layer", columns="expert", values="share")
        assert picture.figure.data[0].z == pytest.approx(wanted.to_numpy(), abs=1e-6)
        for name in views.PANELS:
            go.Figure(json.loads(views.panel_value(name, here)["figure"]))  # validates


def test_the_course_ends_where_all_routing_is_final(session, places):
    places("balanced")
    figure = views.DRAWERS["saturation"](session.train(moment=1)).figure
    assert figure.data[0].y[-1] == 1
    assert figure.data[0].y[0] < 1
    assert figure.layout.shapes[0].x0 == 1
    assert views.DRAWERS["saturation"](session).figure.layout.shapes[0].x0 == 0


def test_a_shorter_run_stays_at_its_last_snapshot(recording):
    found = settling.load(recording)
    assert [views.at(found, step) for step in (0, 3, 8, 1000)] == [0, 0, 8, 8]
    later = found._replace(settings={**found.settings, "steps": [5, 9]})
    assert views.at(later, 0) == 5


def test_what_is_not_recorded_names_its_command_and_shows_no_number(session, places):
    places()
    assert views.line(session)["kind"] == "problem"
    assert "--snapshots" in views.line(session)["text"]
    assert views.numbers(session) == []
    for name in views.PANELS:
        assert "figure" not in views.panel_value(name, session)
    assert "unbalanced.json" in views.panel_value("load.unbalanced", session)["caption"]


def test_one_missing_run_leaves_the_other_whole(session, places):
    places("balanced")
    assert views.panel_value("load.balanced", session)["figure"]
    assert "figure" not in views.panel_value("load.unbalanced", session)
    assert say(session.language, "scrubber.missing.unbalanced") in views.line(session)["text"]
    assert len(views.numbers(session)) == 3


def test_a_broken_recording_counts_as_none(session, places, monkeypatch, tmp_path):
    places()
    (tmp_path / "nothing.json").write_text("{}")
    assert views.runs() == {}
