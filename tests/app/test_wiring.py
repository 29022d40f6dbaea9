"""An event costs the browser little: it names no component as a place where progress is shown, and few outputs grow.

gradio visits each such place again at every event, once any event has named it; by default all outputs are named.
"""

from pathlib import Path

import pytest

from app.engine import Engine
from app.page import build_page
from moe_core.tracing import bundle

SCREEN = Path(__file__).parents[2] / "assets" / "traces" / "first-screen.trace.json"
NO_MODEL = Path("no-such-model")  # the page is laid out without one


@pytest.fixture(scope="module")
def events():
    return build_page(Engine(NO_MODEL), bundle.load(SCREEN)).config["dependencies"]


def test_no_event_names_more_than_one_place_of_progress(events):
    assert [event["api_name"] for event in events if len(_places(event)) > 1] == []


def test_a_text_that_grows_has_few_outputs(events):
    growing = [len(event["outputs"]) for event in events if str(event["api_name"]).startswith("generate")]
    assert set(growing) == {5}


def _places(event: dict) -> list[int]:
    return event["outputs"] if event["show_progress_on"] is None else event["show_progress_on"]
