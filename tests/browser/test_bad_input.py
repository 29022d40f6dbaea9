"""Whatever a visitor types is shown as the text it is, or refused in one friendly line; nothing is executed."""

import re

from playwright.sync_api import expect

HOSTILE = {
    "script": "<script>window.hurt=1</script>",
    "image": "<img src=x onerror='window.hurt=1'>",
    "template literal": "${window.hurt=1}",
    "template": "{{value}}{{#each x}}",
    "backtick": "`+(window.hurt=1)+`",
    "escape": "C:\\users\\u00zz\\x",
    "plotly link": "<a href='javascript:window.hurt=1'>x</a><b>bold</b>",
    "right to left": "שלום مرحبا \u202eabc",
    "emoji": "🎉👩‍👩‍👧🇨🇳",
    "control": "a\u0007b\u0001c\u0085d",
}


def test_hostile_text_is_only_text(opened, generate):
    for name, prompt in HOSTILE.items():
        generate(prompt)
        assert opened.evaluate("window.hurt") is None, name
        expect(opened.locator("#strip .token span").first).to_have_text(re.compile("^" + re.escape(prompt[0])))
        expect(opened.locator("#prompt textarea")).to_have_value(prompt)
        expect(opened.locator("#gates .main-svg").first).to_be_visible()
    assert opened.locator("#strip script, #strip img, .panel script, .panel img").count() == 0


def test_text_with_markup_is_spelled_out_in_figures(generate):
    page = generate("<b>")
    expect(page.locator("#gates .ytick text").first).to_have_text("<")


def test_a_blank_prompt_runs_nothing(opened):
    before = opened.locator("#strip .token").count()
    for blank in ("", "   ", "\n"):
        opened.locator("#prompt textarea").fill(blank)
        opened.get_by_role("button", name="Generate ↵").click()
        expect(opened.locator("#run-status")).to_contain_text("Please write something first")
    assert opened.locator("#strip .token").count() == before


def test_a_blank_prompt_is_answered_in_the_visitors_language(page, app_url):
    page.goto(f"{app_url}?lang=zh")
    expect(page.get_by_role("button", name="生成 ↵")).to_be_visible()
    page.locator("#prompt textarea").fill(" ")
    page.get_by_role("button", name="生成 ↵").click()
    expect(page.locator("#run-status")).to_contain_text("请先写点什么")


def test_too_long_is_refused_with_limit_and_count_and_the_text_is_kept(opened):
    opened.locator("#prompt textarea").fill("a" * 10_000)
    opened.locator("#prompt textarea").press("Enter")
    expect(opened.locator("#run-status")).to_contain_text("10000 characters, at most 400")
    expect(opened.locator("#prompt textarea")).to_have_value("a" * 10_000)


def test_half_a_character_is_refused(opened):
    opened.locator("#prompt textarea").evaluate(
        "box => { box.value = 'a\\ud800b'; box.dispatchEvent(new Event('input', { bubbles: true })); }")
    opened.get_by_role("button", name="Generate ↵").click()
    expect(opened.locator("#run-status")).to_contain_text("half a character")


def test_a_hostile_link_harms_nothing(page, app_url):
    page.goto(f"{app_url}?prompt=%3Cscript%3Ewindow.hurt%3D1%3C/script%3E&seed=%24%7B1%7D&temperature=nan&lang=%22")
    expect(page.locator("#run-status")).to_contain_text("Done")
    assert page.evaluate("window.hurt") is None
