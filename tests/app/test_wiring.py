"""An event costs the browser little, and none that says what a visitor chose is dropped.

gradio visits each place of progress again at every event, once any event has named it; by default all outputs are
named. And by default it drops an event while its predecessor is answered.
"""

from pathlib import Path

import gradio as gr
import pytest

from app.engine import Engine
from app.page import build_page
from app.tabs.wiring import either
from moe_core.tracing import bundle

SCREEN = Path(__file__).parents[2] / "assets" / "traces" / "first-screen.trace.json"
NO_MODEL = Path("no-such-model")  # the page is laid out without one
CHOICES = {"input", "upload", "token_click", "cell_click", "step_click", "settle", "look", "end", "file_wanted",
           "answer_wanted"}  # each brings something that the event before it did not


@pytest.fixture(scope="module")
def events():
    return build_page(Engine(NO_MODEL), bundle.load(SCREEN)).config["dependencies"]


def test_a_page_has_few_events(events):
    """The browser goes through all of them for each component before it shows any: 270 took it a second."""
    assert len(events) / 2 <= 150  # one page a language


def test_one_event_of_two_buttons_knows_which_was_clicked():
    with gr.Blocks():
        left, right = gr.Button(elem_id="left"), gr.Button(elem_id="right")
        after_an_update = gr.Button(elem_id="right")  # gradio makes the component anew
    answer = either({left: 1, right: 2}, lambda asked, choice: (asked, choice))
    assert answer(gr.EventData(after_an_update, None), "which?") == ("which?", 2)


def test_buttons_of_one_event_need_names():
    with gr.Blocks(), pytest.raises(ValueError, match="its own elem_id"):
        either({gr.Button(): 1, gr.Button(): 2}, str)


def test_no_event_names_more_than_one_place_of_progress(events):
    assert [event["api_name"] for event in events if len(_places(event)) > 1] == []


def test_a_text_that_grows_has_few_outputs(events):
    growing = [len(event["outputs"]) for event in events if str(event["api_name"]).startswith("generate")]
    assert set(growing) == {5}


def test_what_is_chosen_while_the_choice_before_is_answered_is_not_lost(events):
    dropped = [event["api_name"] for event in events if event["backend_fn"] and event["trigger_mode"] == "once"
               and any(name in CHOICES for _, name in event["targets"])]
    assert dropped == []


def _places(event: dict) -> list[int]:
    return event["outputs"] if event["show_progress_on"] is None else event["show_progress_on"]


def test_between_tabs_stand_only_tabs():
    """gradio numbers tabs by what stands beside them, a hidden state too, and would draw a tab twice."""
    demo = build_page(Engine(NO_MODEL), bundle.load(SCREEN))
    bars = [block for block in demo.blocks.values() if isinstance(block, gr.Tabs)]
    assert len(bars) == 4  # the page's and the laboratory's, in each language
    assert {type(child) for bar in bars for child in bar.children} == {gr.Tab}
