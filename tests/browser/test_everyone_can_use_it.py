"""No serious finding of axe, no sideways scrolling on a phone, words for whoever does not see the figures."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

TABS = {"en": ("Follow a prompt", "Precision"), "zh": ("跟随一句话", "数值精度")}


def open_tab(page, url: str, language: str, number: int):
    page.goto(f"{url}?lang={language}")
    page.get_by_role("tab", name=TABS[language][number]).click()
    expect(page.locator(("#strip", "#compared")[number]).locator(".token").first).to_be_visible()


def findings(page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {node['html'][:160]}" for rule in found if rule["impact"] in ("serious", "critical")
            for node in rule["nodes"]]


@pytest.mark.parametrize(("language", "number"), [("en", 0), ("zh", 1)])
def test_axe_finds_nothing_serious(page, app_url, language, number):
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        open_tab(page, app_url, language, number)
        assert findings(page) == [], theme


@pytest.mark.parametrize("number", [0, 1])
def test_a_phone_needs_no_sideways_scrolling(page, app_url, number):
    page.set_viewport_size({"width": 360, "height": 740})
    open_tab(page, app_url, "zh", number)
    page.wait_for_timeout(500)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_every_figure_is_also_told_in_words(opened):
    for name in ("gates", "load", "path", "choice", "next"):
        figure = opened.locator(f"#{name} .plot")
        expect(figure).to_have_attribute("role", "img")
        assert len(figure.get_attribute("aria-label")) > 30


def test_growth_is_announced(generate):
    page = generate("Once")
    expect(page.locator("#strip [aria-live]")).to_contain_text("tokens")
