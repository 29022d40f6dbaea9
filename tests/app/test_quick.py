"""The page opens sooner than gradio alone would: no editor's stub is written beside a component."""

import importlib
import sys

import app  # noqa: F401  before gradio, as everywhere
from app.quick import WRITER, write_no_stubs

SHY = "import gradio as gr\n\nclass Shy(gr.HTML):\n    pass\n"


def test_a_component_gets_no_stub(tmp_path, monkeypatch):
    (tmp_path / "shy_component.py").write_text(SHY, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    shy = importlib.import_module("shy_component")
    assert shy.Shy("still a component").value == "still a component"
    assert not list(tmp_path.glob("*.pyi"))


def test_every_other_module_is_found_as_before(monkeypatch):
    monkeypatch.setattr(sys, "meta_path", [])
    write_no_stubs()
    (finder,) = sys.meta_path
    assert finder.find_spec("gradio.blocks") is None
    assert finder.find_spec("json") is None
    assert finder.find_spec(WRITER, []) is None  # a gradio without that module is only imported as it is
