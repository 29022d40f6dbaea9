"""A nudge, a swap and a capacity by hand in the browser; selection by performance live."""

import pytest
from playwright.sync_api import expect


@pytest.fixture
def asking(opened):
    """The tab is open and has said why the last token of the prompt met its experts."""
    opened.get_by_role("tab", name="What if").click()
    expect(opened.locator("#what-if-why h2")).to_contain_text("Why E")
    return opened


def test_the_selected_tokens_runner_up_is_swapped_in_with_one_click(asking):
    asking.locator("#what-if-strip .token").nth(1).click()
    expect(asking.locator("#what-if-why .caption")).to_contain_text("after position 1")
    asking.get_by_role("button", name="Swap them for this token").click()
    expect(asking.locator("#what-if-status")).to_contain_text("Measured: the same text and seed")
    expect(asking.locator("#what-if-swap label.selected")).to_have_text("swapped")
    expect(asking.locator("#what-if-where label.selected")).to_have_text("only the token selected below")
    expect(asking.locator("#what-if-layers input:checked")).to_have_count(1)


def test_a_tight_capacity_marks_what_drops_and_says_what_it_costs(asking):
    asking.locator("#what-if-capacity").get_by_text("0.5", exact=True).click()
    asking.get_by_role("button", name="Run both").click()
    expect(asking.locator("#what-if-dropped h2")).to_contain_text("Which tokens drop at capacity factor 0.5")
    expect(asking.locator("#what-if-dropped .caption")).to_contain_text("Cost: ")
    expect(asking.locator("#what-if-strip .token.flipped").first).to_be_visible()


def test_all_sets_are_tried_on_the_visitors_text(asking):
    asking.get_by_role("button", name="Try all sets on my text").click()
    expect(asking.locator("#what-if-regret-status")).to_contain_text("all 2 of 2 layers")
    expect(asking.locator("#what-if-regret-source")).to_contain_text("all 6 sets of 2 experts")
    expect(asking.locator("#what-if-agreement .caption")).to_contain_text("by chance 16.7%")
    expect(asking.locator("#what-if-loads .caption")).to_contain_text("of 8 cells")
