"""A student walks through the shipped model's own steps and counts tokens, by mouse and by keyboard."""

import pytest
from playwright.sync_api import expect


@pytest.fixture
def training(opened):
    opened.get_by_role("tab", name="Train it yourself").click()
    expect(opened.locator("#training-words-run")).to_have_text("Train ▶")
    return opened


def test_the_boxes_of_the_pipeline_open_by_click_and_by_key(training):
    training.get_by_role("tab", name="From texts to a model").click()
    boxes = training.locator("#pipeline-boxes button")
    expect(boxes).to_have_count(5)
    boxes.nth(2).click()
    expect(training.locator("#pipeline-figure h2")).to_have_text("The loss of the shipped model's own run")
    expect(training.locator("#pipeline-figure .main-svg").first).to_be_visible()
    boxes.nth(2).press("ArrowLeft")
    training.keyboard.press("Enter")
    expect(boxes.nth(1)).to_have_attribute("aria-pressed", "true")
    expect(boxes.nth(1)).to_be_focused()
    expect(training.locator("#pipeline-table tbody tr").nth(1)).to_contain_text("我喜欢学习AI！")
    expect(training.locator("#pipeline-figure .panel")).to_be_hidden()


def test_tokens_are_counted_and_what_is_not_here_is_said(training):
    training.get_by_role("tab", name="GPT-2's tokens").click()
    rows = training.locator("#snippet-counts tbody tr")
    expect(rows.first).to_contain_text("17")
    training.locator("#snippet-text textarea").fill("猫")
    training.locator("#snippet-text textarea").press("Enter")
    expect(rows.first).to_contain_text("E7 | 8C | AB")
    expect(training.locator("#snippet-run-real")).to_be_disabled()
    training.get_by_role("tab", name="Watch them form").click()
    expect(training.locator("#scrubber-line")).to_contain_text("record")
    training.get_by_role("tab", name="Dense twins").click()
    expect(training.locator("#twins-costs tbody tr").first).to_contain_text("mixture")
