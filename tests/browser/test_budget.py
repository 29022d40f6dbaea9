"""A visitor finds a plan of their own, keeps it over tabs and languages, and is told what is impossible."""

import json

import pytest
from playwright.sync_api import expect

from app import planning
from moe_core.precision import damage_texts


@pytest.fixture(scope="module", autouse=True)
def _few_tokens():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(damage_texts, "TOKENS", {"calibration": 300, "gate": 600, "third": 600, "fitting": 600})
        yield


@pytest.fixture
def budgeting(opened):
    opened.get_by_role("tab", name="Where should the bits go?").click()
    expect(opened.locator("#budget-source")).to_contain_text("search")
    return opened


@pytest.fixture
def planned(budgeting):
    """A search of their own, with a tolerance that a random model can meet."""
    budgeting.locator("#budget-tolerance input").fill("5")
    budgeting.get_by_role("button", name="Find the plan").click()
    expect(budgeting.locator("#budget-status")).to_contain_text("Done:")
    return budgeting


def test_the_tab_is_not_empty_before_any_search(budgeting):
    if planning.recorded() is None:
        pytest.skip("no search ships with this model")
    expect(budgeting.locator("#budget-pareto .badge")).to_contain_text("recorded")


def test_a_plan_is_found_and_kept_over_tabs_and_languages(planned):
    expect(planned.locator("#budget-source")).to_contain_text("your search")
    expect(planned.locator("#budget-bits .badge")).to_contain_text("measured")
    with planned.expect_download() as download:
        planned.get_by_role("button", name="Download plan.json").click()
    plan = json.loads(download.value.path().read_text(encoding="utf-8"))
    assert plan["router.0"] == "fp32"
    planned.get_by_role("tab", name="Follow a prompt").click()
    planned.locator("#language").get_by_text("中文").click()
    planned.get_by_role("tab", name="位数该花在哪里？").click()
    expect(planned.locator("#budget-source")).to_contain_text("你在")


def test_an_impossible_tolerance_or_budget_is_answered_with_what_is_possible(budgeting):
    budgeting.locator("#budget-tolerance input").fill("-3")
    budgeting.get_by_role("button", name="Find the plan").click()
    expect(budgeting.locator("#budget-status")).to_contain_text("0 is the smallest that is possible")
    budgeting.locator("#budget-tolerance input").fill("1")
    budgeting.get_by_text("the best plan under a budget").click()
    budgeting.locator("#budget-megabytes input").fill("0.001")
    budgeting.get_by_role("button", name="Find the plan").click()
    expect(budgeting.locator("#budget-status")).to_contain_text("the smallest that is possible is 0.0")


def test_the_bisector_names_a_part(budgeting):
    budgeting.locator("#budget-tolerance input").fill("0")
    budgeting.get_by_role("button", name="Find that part").click()
    expect(budgeting.locator("#budget-culprit")).to_contain_text("must stay high")
    expect(budgeting.locator("#budget-hunting")).to_contain_text("Done")
