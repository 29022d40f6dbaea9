"""A person has a job done, looks at its experts, follows it to the first tab, and takes a text apart."""

import pytest
from playwright.sync_api import expect


@pytest.fixture
def working(opened):
    """The tab is open."""
    opened.get_by_role("tab", name="Tasks").click()
    expect(opened.locator("#tasks-note")).not_to_be_empty()
    return opened


@pytest.fixture
def answered(working):
    """A text of the visitor's own has been judged."""
    working.locator("#tasks-job").get_by_text("Judge a feeling").click()
    expect(working.locator("#tasks-hint")).to_contain_text("positive or negative")
    working.locator("#tasks-text textarea").fill("The cat sat on the mat.")
    working.get_by_role("button", name="Do it").click()
    expect(working.locator("#tasks-status")).to_contain_text("Done")
    return working


def test_the_answer_stands_under_the_text(answered):
    expect(answered.locator("#tasks-answer dt")).to_have_text(["text", "answer"])
    expect(answered.locator("#tasks-answer dd").first).to_have_text("The cat sat on the mat.")


def test_the_routing_of_the_answer_is_one_click_away_and_opens_in_the_first_tab(answered):
    answered.get_by_role("button", name="Which experts made this answer").click()
    expect(answered.locator("#tasks-strip .token").first).to_be_visible()
    answered.get_by_role("button", name="Open in Follow a prompt").click()
    expect(answered.locator("#strip").get_by_role("button", name="mat, position 6, prompt")).to_be_visible()


def test_a_question_box_comes_with_its_job_and_must_be_filled(working):
    expect(working.locator("#tasks-question")).to_be_hidden()
    working.locator("#tasks-job").get_by_text("Ask about a story").click()
    expect(working.locator("#tasks-question")).to_be_visible()
    working.get_by_role("button", name="Do it").click()
    expect(working.locator("#tasks-status")).to_contain_text("Write a question")


def test_a_text_is_taken_apart(working):
    working.get_by_role("button", name="Take apart").click()
    expect(working.locator("#tasks-steps dd").nth(1)).to_have_text("我 / 喜欢 / 学习 / AI")


def test_it_speaks_chinese_too(answered):
    answered.get_by_label("中文").check(force=True)
    expect(answered.locator("#tasks-answer dt")).to_have_text(["文本", "回答"])
    expect(answered.locator("#tasks-hint")).to_contain_text("好评或差评")
