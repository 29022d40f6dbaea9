"""A student trains on the page: refused lists are kept, runs are watched, survive a reload, and stop."""

import re

import pytest
from playwright.sync_api import expect

WORDS = "\n".join(["我", "喜欢", "学习", "AI", *(f"word{number}" for number in range(12))])


@pytest.fixture
def training(opened):
    opened.get_by_role("tab", name="Train it yourself").click()
    expect(opened.locator("#training-words-run")).to_have_text("Train ▶")
    expect(opened.locator("#training-words-status")).to_contain_text("Nothing has been trained")
    return opened


def test_two_words_are_refused_and_kept(training):
    training.locator("#training-words-own textarea").fill("one\ntwo")
    training.locator("#training-words-run").click()
    expect(training.locator("#training-words-status")).to_contain_text("only 2 different words")
    expect(training.locator("#training-words-own textarea")).to_have_value("one\ntwo")


def test_ones_own_words_are_learned_while_one_watches(training):
    training.locator("#training-words-own textarea").fill(WORDS)
    training.locator("#training-words-run").click()
    expect(training.locator("#training-words-status")).to_contain_text("Done: 10 of 10")
    expect(training.locator("#training-words-vectors h2")).to_have_text("The words as points")
    expect(training.locator("#training-words-scores .caption")).to_contain_text("n = 14 training and 1 validation")
    expect(training.locator("#training-words-samples dt").last).to_have_text("epoch 10")
    training.get_by_label("中文").check(force=True)
    expect(training.locator("#training-words-status")).to_contain_text("完成：10 / 10")
    expect(training.locator("#training-words-samples dt").last).to_have_text("第 10 轮")


def test_a_live_run_survives_a_reload_and_stops(training):
    training.get_by_role("tab", name="A live mixture").click()
    training.locator("#training-lab-run").click()
    expect(training.locator("#training-lab-status")).to_contain_text(re.compile(r"Training: \d0 of 400"))
    training.reload()
    training.get_by_role("tab", name="Train it yourself").click()
    training.get_by_role("tab", name="A live mixture").click()
    expect(training.locator("#training-lab-status")).to_contain_text(re.compile(r"Training: \d+ of 400"))
    expect(training.locator("#training-lab-losses h2")).to_have_text("Loss beside the dense twin")
    training.locator("#training-lab-pause").click()
    expect(training.locator("#training-lab-status")).to_contain_text("Paused")
    training.locator("#training-lab-stop").click()
    expect(training.locator("#training-lab-status")).to_contain_text("Stopped at")
    expect(training.locator("#training-lab-run")).to_be_visible()


def test_the_measured_strategies_are_there_when_the_tab_is_opened(training):
    training.get_by_role("tab", name="Strategies, measured").click()
    expect(training.locator("#training-table-loss h2")).to_have_text("Held-out loss of every strategy")
    expect(training.locator("#training-table-loss .main-svg").first).to_be_visible()
    expect(training.locator("#training-table-facts tbody tr")).to_have_count(19)


def test_the_table_is_measured_anew_and_stopped(training):
    training.get_by_role("tab", name="Strategies, measured").click()
    training.locator("#training-again-steps input[type=number]").fill("20")
    training.locator("#training-again-run").click()
    expect(training.locator("#training-again-facts tbody tr")).not_to_have_count(0)
    expect(training.locator("#training-again-facts tbody tr").first).to_contain_text("usual")
    training.locator("#training-again-stop").click()
    expect(training.locator("#training-again-status")).to_contain_text("Stopped at")
    expect(training.locator("#training-again-loss h2")).to_have_text("Held-out loss, measured here")
