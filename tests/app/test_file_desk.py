"""One desk hands out the file behind any panel of its page."""

from pathlib import Path

import gradio as gr
import pytest

from app.components import FactTable, FigurePanel, FileDesk, PlanTable, ReadingList
from app.engine import Engine
from app.page import build_page
from app.session import Session
from moe_core.tracing import bundle

SCREEN = Path(__file__).parents[2] / "assets" / "traces" / "first-screen.trace.json"


def asked(panel: str) -> gr.EventData:
    return gr.EventData(None, {"panel": panel})


@pytest.fixture(scope="module")
def page():
    return build_page(Engine(Path("no-such-model")), bundle.load(SCREEN))


@pytest.fixture(scope="module")
def desks(page):
    return [block for block in page.blocks.values() if isinstance(block, FileDesk)]


@pytest.fixture
def desk():
    with gr.Blocks():
        with gr.Column() as column, gr.Row():
            FigurePanel(elem_id="load").hands_out = lambda session: {"text": session}
            FigurePanel(elem_id="blank").hands_out = lambda session: None
            FigurePanel(elem_id="mute")
        desk = FileDesk()
    desk.serve(column)
    return desk


def test_it_hands_out_what_the_panel_makes_of_the_session(desk):
    assert desk.answer("of a visitor", asked("load"))["download"] == {"text": "of a visitor"}


@pytest.mark.parametrize("panel", ["blank", "mute", "no such panel"])
def test_where_there_is_no_file_nothing_is_handed_out(desk, panel):
    assert "download" not in desk.answer("of a visitor", asked(panel))


def test_each_page_has_one_desk_and_both_serve_the_same_panels(desks):
    assert len(desks) == 2
    assert set(desks[0].panels) == set(desks[1].panels)


def test_every_panel_of_a_page_has_its_file(page, desks):
    kinds = (FactTable, FigurePanel, PlanTable, ReadingList)
    panels = {block.elem_id for block in page.blocks.values() if isinstance(block, kinds)}
    assert panels == set(desks[0].panels)


def test_the_table_of_the_first_screen_is_that_of_its_load(desks):
    file = desks[0].answer(Session(bundle.load(SCREEN)), asked("load"))["download"]
    assert file["name"] == "moescope-load.csv"
    assert file["text"].startswith("layer,expert,")
