"""A person opens *Experts*, picks an expert, sorts its tokens, and reads it in either language."""

import pytest
from playwright.sync_api import expect

from app.views import experts_evidence as evidence
from moe_core.commands.record import probe_files, routed, texts_of
from moe_core.tracing import corpus


@pytest.fixture(scope="session")
def recording(model_folder, tmp_path_factory):
    texts = [text for file in probe_files() for text in texts_of(file)[:6]]
    return corpus.save(routed(model_folder, texts), tmp_path_factory.mktemp("traces") / "probes.json")


@pytest.fixture
def experts(opened, recording, monkeypatch):
    """The tab, opened and counted."""
    monkeypatch.setattr(evidence, "RECORDING", recording)
    opened.get_by_role("tab", name="Experts").click()
    expect(opened.locator("#experts-status")).to_contain_text("12 probe texts")
    return opened


def test_the_recorded_corpus_is_drawn_with_its_portraits(experts):
    expect(experts.locator("#experts-load .main-svg").first).to_be_visible()
    expect(experts.locator("#experts-load .badge")).to_contain_text("recorded")
    expect(experts.locator("#experts-portrait")).to_contain_text("Portrait of E")
    expect(experts.locator("#experts-reads h3")).to_have_count(2)


def test_a_click_on_the_load_map_looks_at_that_expert(experts):
    box = experts.locator("#experts-load .plot .nsewdrag").first.bounding_box()
    experts.mouse.click(box["x"] + box["width"] * 7 / 8, box["y"] + box["height"] * 3 / 4)  # last of 4, lower of 2
    expect(experts.locator("#experts-reads h2")).to_contain_text("E3 of layer 1")
    expect(experts.locator("#experts-together h2")).to_contain_text("layer 1")


def test_tokens_are_sorted_by_another_kind(experts):
    experts.locator("#experts-kind").get_by_text("Part of speech", exact=True).click()
    expect(experts.locator("#experts-kinds h2")).to_contain_text("part of speech")
    expect(experts.locator("#experts-information .caption")).to_contain_text("part of speech")


def test_who_likes_a_kind_of_token_is_answered_and_asked_anew(experts):
    expect(experts.locator("#experts-likes h2")).to_have_text("Which expert likes Chinese verbs?")
    expect(experts.locator("#experts-likes .caption")).to_contain_text("n = ")
    experts.locator("#experts-kind").get_by_text("Language of the text", exact=True).click()
    expect(experts.locator("#experts-likes h2")).to_contain_text(" text?")
    experts.locator("#experts-label input").click()
    experts.get_by_role("option", name="English text").click()
    expect(experts.locator("#experts-likes h2")).to_have_text("Which expert likes English text?")


def test_the_tab_speaks_chinese_and_keeps_what_was_chosen(experts):
    experts.locator("#experts-expert").get_by_text("E2").click()
    expect(experts.locator("#experts-reads h2")).to_contain_text("E2")
    experts.get_by_text("中文", exact=True).click()
    expect(experts.locator("#experts-reads h2")).to_contain_text("E2 最常读什么")
    expect(experts.locator("#experts-load h2")).to_have_text("负载：层 × 专家")


def test_the_visitors_text_and_two_typed_texts_can_be_counted(experts):
    experts.locator("#experts-source").get_by_text("This text").click()
    expect(experts.locator("#experts-status")).to_contain_text("The text of the first tab")
    experts.get_by_label("Compare this text").fill("The cat sat on the mat.")
    experts.get_by_label("with this one").fill("我喜欢学习AI")
    experts.locator("#experts-compare").click()
    expect(experts.locator("#experts-contrast h2")).to_contain_text("我喜欢学习AI")


def test_a_missing_recording_is_said_plainly(opened, monkeypatch, tmp_path):
    monkeypatch.setattr(evidence, "RECORDING", tmp_path / "gone.json")
    opened.get_by_role("tab", name="Experts").click()
    expect(opened.locator("#experts-status")).to_contain_text("cannot be read")
