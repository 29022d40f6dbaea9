"""What would have happened otherwise: turned dials, both texts, a reason, an effect, and nothing lost."""

import pytest
from playwright.sync_api import expect

from app import trying


@pytest.fixture
def asking(opened):
    """The tab is open: it has said why the last token of the prompt met its experts, and shows what is recorded."""
    opened.get_by_role("tab", name="What if").click()
    expect(opened.locator("#what-if-why h2")).to_contain_text("Why E")
    expect(opened.locator("#what-if-loads .caption")).not_to_be_empty()
    return opened


@pytest.fixture
def tried(asking):
    """Two of four experts are off in all layers, and both texts are written."""
    for name in ("E0", "E1"):
        asking.locator("#what-if-off").get_by_text(name, exact=True).click()
    asking.get_by_role("button", name="Run both").click()
    expect(asking.locator("#what-if-status")).to_contain_text("Measured: the same text and seed")
    return asking


def test_the_text_of_the_first_tab_is_taken_over(asking):
    expect(asking.locator("#what-if-text textarea")).to_have_value("我喜欢学习AI")
    expect(asking.locator("#what-if-strip .token").first).to_be_visible()


def test_both_texts_stand_side_by_side_with_their_numbers(tried):
    expect(tried.locator("#what-if-texts dt")).to_have_text(["as it is", "changed"])
    expect(tried.get_by_text("Loss of your text, changed")).to_be_visible()
    expect(tried.locator("#what-if-next .badge")).to_have_text("measured · fp32 · CPU")
    tried.locator("#what-if-next").scroll_into_view_if_needed()
    expect(tried.locator("#what-if-next .main-svg").first).to_be_visible()


def test_undo_takes_the_run_back_and_reset_turns_the_dials_back(tried):
    tried.get_by_role("button", name="Undo").click()
    expect(tried.locator("#what-if-status")).to_contain_text("Undone")
    expect(tried.locator("#what-if-off input:checked")).to_have_count(0)
    expect(tried.locator("#what-if-texts")).to_be_hidden()


def test_all_experts_off_is_refused_and_nothing_is_lost(tried):
    for name in ("E2", "E3"):
        tried.locator("#what-if-off").get_by_text(name, exact=True).click()
    tried.get_by_role("button", name="Run both").click()
    expect(tried.locator("#what-if-status")).to_contain_text("All 4 experts of a layer are off")
    expect(tried.locator("#what-if-off input:checked")).to_have_count(4)
    expect(tried.locator("#what-if-texts dt")).to_have_count(2)


def test_a_clicked_token_is_explained(asking):
    asking.locator("#what-if-strip .token").nth(1).click()
    expect(asking.locator("#what-if-why .caption")).to_contain_text("next tokens after position 1")
    expect(asking.locator("#what-if-why .caption")).to_contain_text("Runner-up: E")


def test_the_effect_is_measured_on_the_visitors_text(asking):
    asking.get_by_role("button", name="Measure on my text").click()
    expect(asking.locator("#what-if-effect-status")).to_contain_text("all 8 of 8 experts")
    expect(asking.locator("#what-if-effect-source")).to_contain_text("Measured live on")
    expect(asking.locator("#what-if-map .caption")).to_contain_text("of 8 cells")
    expect(asking.locator("#what-if-scatter .caption")).to_contain_text("Spearman rank correlation")


def test_layers_that_come_fast_are_all_drawn(asking, monkeypatch):
    slow = trying.measured
    monkeypatch.setattr(trying, "measured", lambda *asked: iter(list(slow(*asked))))
    asking.get_by_role("button", name="Measure on my text").click()
    expect(asking.locator("#what-if-map .caption")).to_contain_text("of 8 cells")


def test_it_speaks_chinese_too(tried):
    tried.get_by_label("中文").check(force=True)
    expect(tried.locator("#what-if-next h2")).to_have_text("您的文本之后可能是什么：改动前后")
    expect(tried.locator("#what-if-off")).to_contain_text("关闭的专家")
    expect(tried.locator("#what-if-texts dt")).to_have_text(["原样", "改动后"])
