"""Whoever opens the page sees a recorded trace at once, in their language, and nothing is fetched from elsewhere."""

import re
from urllib.parse import urlparse

import pytest
from playwright.sync_api import expect

from app.engine import Engine


def test_a_recorded_trace_is_there_before_any_model(page, serve, tmp_path):
    page.goto(serve(Engine(tmp_path / "nowhere")))
    expect(page.locator("#strip .token")).to_have_count(16)
    expect(page.locator("#gates .badge")).to_have_text("recorded · fp32 · CPU")
    expect(page.locator("#gates .main-svg").first).to_be_visible()


def test_missing_model_files_are_named_and_the_recorded_trace_stays(page, serve, tmp_path):
    page.goto(serve(Engine(tmp_path / "nowhere")))
    expect(page.locator("#notice")).to_contain_text("config.json")
    expect(page.locator("#strip .token")).to_have_count(16)
    page.locator("#prompt textarea").press("Enter")
    expect(page.locator("#run-status")).to_contain_text("could not be loaded")
    expect(page.locator("#strip .token")).to_have_count(16)


def test_a_damaged_model_file_is_named(page, serve, model_folder, tmp_path):
    for file in model_folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes()[: 200 if file.suffix == ".safetensors" else None])
    page.goto(serve(Engine(tmp_path)))
    expect(page.locator("#notice")).to_contain_text("model.safetensors")


def test_no_other_host_is_asked(page, app_url):
    asked = []
    page.on("request", lambda request: asked.append(urlparse(request.url)))
    page.goto(app_url)
    expect(page.locator("#gates .main-svg").first).to_be_visible()
    page.get_by_role("tab", name="Precision", exact=True).click()
    page.locator("#compare-flips").scroll_into_view_if_needed()  # a figure is drawn when it comes near
    expect(page.locator("#compare-flips .main-svg").first).to_be_visible()
    assert {url.hostname for url in asked if url.scheme in ("http", "https", "ws", "wss")} == {"127.0.0.1"}


def test_the_browser_has_nothing_to_complain_about(page, app_url):
    complaints = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(app_url)
    expect(page.locator("#gates .main-svg").first).to_be_visible()
    assert complaints == []


@pytest.mark.browser_context_args(locale="zh-CN")
def test_a_chinese_browser_gets_a_chinese_page(page, app_url):
    page.goto(app_url)
    expect(page.get_by_role("tab", name="跟随一句话")).to_be_visible()
    expect(page.locator("#gates h2")).to_have_text("门控概率：每个词元 × 每位专家")
    expect(page.locator("html")).to_have_attribute("lang", "zh")
    expect(page.get_by_text("Home")).to_be_hidden()


def test_the_language_changes_at_once_and_everywhere(opened):
    opened.get_by_label("中文").check(force=True)
    expect(opened.get_by_role("tab", name="数值精度")).to_be_visible()
    expect(opened.get_by_role("button", name="生成 ↵")).to_be_visible()
    expect(opened.locator("#gates h2")).to_have_text("门控概率：每个词元 × 每位专家")
    expect(opened.locator("#strip .token").first).to_have_attribute(
        "aria-label", re.compile("^我，位置 0，提示，首选专家 E[0-3]"))


def test_a_link_may_name_the_language(page, app_url):
    page.goto(f"{app_url}?lang=zh")
    expect(page.get_by_role("tab", name="跟随一句话")).to_be_visible()


def test_the_page_can_be_dark(opened):
    opened.get_by_role("radio", name="Dark").click()
    expect(opened.locator("body")).to_have_class("dark")
    dark_ink = opened.locator("#gates text").first
    expect(dark_ink).to_have_css("fill", "rgb(157, 167, 184)")
    opened.reload()
    expect(opened.locator("body")).to_have_class("dark")


def test_the_recorded_trace_is_seen_before_any_script_of_gradio(page, app_url):
    page.route("**/assets/*.js", lambda route: route.abort())
    page.goto(app_url)
    expect(page.locator("#first-look .token")).to_have_count(16)
    expect(page.locator("#first-look .first-gates .chosen").first).to_be_visible()
    expect(page.locator("gradio-app .token")).to_have_count(0)


def _places(page, *selectors: str) -> list[float]:
    return [page.locator(selector).first.bounding_box()[side] for selector in selectors for side in ("x", "y")]


@pytest.mark.parametrize("size", [(390, 844), (1280, 900), (2200, 1200)])
def test_nothing_jumps_when_the_page_takes_the_place_of_the_first_look(page, app_url, size):
    page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
    page.route("**/assets/*.js", lambda route: route.abort())
    page.goto(app_url)
    before = _places(page, "#first-look .token", "#first-look .sheet", "#first-look .panel")
    tabs = page.locator("#first-look .first-tabs span").all_inner_texts()
    page.unroute("**/assets/*.js")
    page.reload()
    expect(page.locator("#first-look")).to_have_count(0)
    expect(page.locator("#notice")).to_contain_text("ready")
    after = _places(page, "#strip .token", "gradio-app .sheet", "#gates .panel")
    assert before == pytest.approx(after, abs=3)
    assert tabs == page.get_by_role("tablist").first.get_by_role("tab").all_inner_texts()


def test_who_begins_to_type_is_not_held_up_by_the_first_look(page, app_url):
    page.route("**/plotly*.js", lambda route: route.abort())  # no heatmap comes, so the first look would stay
    page.goto(app_url)
    expect(page.locator("#strip .token")).to_have_count(16)
    expect(page.locator("#first-look")).to_have_count(1)
    page.locator("#prompt textarea").click()
    expect(page.locator("#first-look")).to_have_count(0)
    expect(page.locator("#prompt textarea")).to_be_focused()


@pytest.mark.browser_context_args(color_scheme="dark")
def test_the_first_look_is_dark_where_the_page_will_be(page, app_url):
    page.route("**/assets/*.js", lambda route: route.abort())
    page.goto(app_url)
    expect(page.locator("#first-look")).to_have_css("background-color", "rgb(17, 21, 28)")
    page.goto(f"{app_url}?__theme=light")
    expect(page.locator("#first-look")).to_have_css("background-color", "rgb(251, 250, 247)")
