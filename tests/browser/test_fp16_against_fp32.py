"""The same tokens through both formats: how far apart, where the routes flipped, on what device."""

import pytest
from playwright.sync_api import expect


@pytest.fixture
def compared(opened):
    opened.get_by_role("tab", name="Precision", exact=True).click()
    expect(opened.locator("#compare-status")).to_contain_text("Measured over 16 tokens")
    return opened


def test_opening_the_tab_compares_the_text_of_the_first(compared):
    expect(compared.locator("#compared .token")).to_have_count(16)
    expect(compared.locator("#compare-numbers dt").first).to_have_text("Mean KL")
    compared.locator("#compare-flips").scroll_into_view_if_needed()  # a figure is drawn when it comes near
    expect(compared.locator("#compare-flips .main-svg").first).to_be_visible()


def test_engine_format_and_device_are_named(compared):
    expect(compared.locator("#compare-flips .badge")).to_have_text("measured · fp32 / fp16 computed · CPU")
    compared.get_by_label("Only stored in it").check(force=True)
    expect(compared.locator("#compare-flips .badge")).to_have_text("measured · fp32 / fp16 stored · CPU")


def test_replayed_routes_do_not_flip(compared):
    compared.locator("#precision-why button").first.click()
    compared.get_by_label("Replay fp32's routes").check()
    expect(compared.locator("#compare-map .caption")).to_contain_text("0 flips")
    expect(compared.locator("#compared .token.flipped")).to_have_count(0)


def test_a_clicked_token_tells_what_each_format_expects(compared):
    compared.locator("#compared .token").nth(2).click()
    expect(compared.locator("#compare-detail")).to_contain_text("at position 2: KL")


def test_all_formats_stand_in_one_table_of_one_engine(compared):
    rows = compared.locator("#precision-formats-panel tbody th")
    expect(rows).to_have_text(["fp16", "bf16"])
    compared.get_by_label("Only stored in it").check(force=True)
    expect(rows).to_have_text(["fp16", "bf16", "int8", "int4", "int2"])


def test_whole_numbers_are_only_stored_and_the_page_says_so(compared):
    compared.locator("#precision-format").get_by_label("int8").check(force=True)
    expect(compared.locator("#compare-status")).to_contain_text("it can only be stored")
    expect(compared.get_by_label("Only stored in it")).to_be_checked()


def test_a_section_is_measured_when_it_is_opened(compared):
    compared.get_by_role("button", name="When does fp16 run out of range?").click()
    compared.locator("#precision-cliff-panel").scroll_into_view_if_needed()
    expect(compared.locator("#precision-cliff-panel .main-svg").first).to_be_visible()
    expect(compared.locator("#precision-cliff-panel .caption")).to_contain_text("the very same bits at 17 of 17 powers")


def test_every_section_opens_and_shows_what_it_measured(compared):
    problems = []
    compared.on("pageerror", lambda error: problems.append(str(error)))
    for name in ("tokens", "why", "growth", "router", "twins", "untrained", "cliff", "ranges", "ties", "cost"):
        fold = compared.locator(f"#precision-{name}")
        fold.locator("button").first.click()
        expect(fold.locator(".panel h2").first).to_be_visible()
        expect(fold.locator(".panel h2").first).not_to_be_empty()
    assert problems == []


def test_both_texts_are_written_with_the_same_luck(compared):
    compared.get_by_role("button", name="Would both formats tell the same story?").click()
    expect(compared.locator("#precision-twins-texts .pair dt")).to_have_text(["fp32", "fp16"])


def test_a_blank_text_runs_nothing(compared):
    compared.locator("#compare-text textarea").fill(" ")
    compared.get_by_role("button", name="Compare", exact=True).click()
    expect(compared.locator("#compare-status")).to_contain_text("Please write something first")
