"""A run plays in the browser: every figure moves with it, and what moves is what the server would have drawn."""

import json

import pytest
from playwright.sync_api import expect

DRAWN = """name => {
  const { data, layout } = document.querySelector(`#${name} .plot`);
  const list = (values) => Array.from(values?._inputArray ?? values ?? [],
    (one) => (ArrayBuffer.isView(one) || Array.isArray(one)
    ? Array.from(one, (part) => Number(part.toFixed(4))) : typeof one === 'number' ? Number(one.toFixed(4)) : one));
  return JSON.stringify([data.map(({ x, y, z, text, marker }) => [x, y, z, text, marker?.size].map(list)),
    (layout.shapes || []).map(({ path, line }) => [path, line.color, line.width])]);
}"""


def shown(page, name: str):
    """What a figure shows when it has come to rest; figures are drawn in turns."""
    page.locator(f"#{name} .plot").scroll_into_view_if_needed()
    expect(page.locator(f"#{name} .main-svg").first).to_be_visible()
    expect(page.locator(f"#{name} .sketched")).to_have_count(0)
    before = None
    while (now := page.evaluate(DRAWN, name)) != before:
        before = now
        page.wait_for_timeout(500)
    return json.loads(now)


@pytest.fixture
def stepped(opened):
    """The player stands on the third token of sixteen."""
    opened.locator("#player .track").fill("2")
    expect(opened.locator("#player .told")).to_have_text("token 3 of 16")
    return opened


def test_the_strip_and_the_figures_show_the_run_as_of_one_token(stepped):
    expect(stepped.locator("#strip .token.ahead")).to_have_count(13)
    expect(stepped.locator("#load .caption")).to_contain_text("As of token 3")
    expect(stepped.locator("#gates .caption")).to_contain_text("as of token 3")
    expect(stepped.locator("#choice h2")).to_contain_text(stepped.locator("#strip .token span").nth(2).inner_text())


def test_what_moves_is_what_the_server_draws(stepped):
    moved = shown(stepped, "path")
    load = shown(stepped, "load")
    stepped.locator("#strip .token").nth(2).click()
    expect(stepped.locator("#strip .token.ahead")).to_have_count(0)
    expect(stepped.locator("#path .caption")).to_contain_text("Position 2.")
    assert shown(stepped, "path") == moved
    whole = shown(stepped, "load")
    assert whole != load
    stepped.locator("#player .track").fill("1")
    stepped.locator("#player .track").fill("15")  # as of the last token: the whole text
    expect(stepped.locator("#load .caption")).to_contain_text("As of token 16")
    assert shown(stepped, "load") == whole


def test_pause_stays_and_play_goes_on_to_the_end(opened):
    opened.locator("#player .speed").select_option("20")
    opened.get_by_role("button", name="Play token by token").click()
    opened.get_by_role("button", name="Pause").click()
    here = opened.locator("#player .track").input_value()
    opened.wait_for_timeout(200)
    assert opened.locator("#player .track").input_value() == here
    opened.get_by_role("button", name="Play token by token").click()
    expect(opened.locator("#player .told")).to_have_text("token 16 of 16")
    expect(opened.locator("#strip .token.ahead")).to_have_count(0)
    expect(opened.locator("#load .caption")).not_to_contain_text("As of token")


def test_the_keyboard_plays_too(opened):
    opened.get_by_role("button", name="Play token by token").focus()
    opened.keyboard.press("Home")
    expect(opened.locator("#player .told")).to_have_text("token 1 of 16")
    opened.keyboard.press("ArrowRight")
    expect(opened.locator("#player .told")).to_have_text("token 2 of 16")
    opened.keyboard.press("Space")
    expect(opened.get_by_role("button", name="Pause")).to_be_focused()


def test_the_figures_move_while_the_text_grows(page, slow_url):
    page.goto(f"{slow_url}?prompt=Once&max_new_tokens=200")
    expect(page.locator("#load .caption")).to_contain_text("As of token")
    early = page.locator("#load .caption").inner_text()
    expect(page.locator("#load .caption")).not_to_have_text(early)
    expect(page.locator("#player .play")).to_be_disabled()
    page.get_by_role("button", name="Stop ■").click()
    expect(page.locator("#load .caption")).not_to_contain_text("As of token")
    expect(page.locator("#player .play")).to_be_enabled()


def test_a_run_is_saved_and_opened_again(generate, tmp_path):
    page = generate("Once upon")
    tokens = page.locator("#strip .token span").all_inner_texts()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save this run").click()
    saved = tmp_path / download.value.suggested_filename
    download.value.save_as(saved)
    generate("我喜欢")
    page.locator("input[type=file]").first.set_input_files(saved)
    expect(page.locator("#run-status")).to_contain_text("Opened from your file")
    assert page.locator("#strip .token span").all_inner_texts() == tokens
    expect(page.locator("#gates .badge")).to_have_text("recorded · fp32 · CPU")
    damaged = tmp_path / "damaged.trace.json"
    damaged.write_text(saved.read_text().replace("Once", "Twice"))
    page.locator("input[type=file]").first.set_input_files(damaged)
    expect(page.locator("#run-status")).to_contain_text("is not a run that can be shown")
    assert page.locator("#strip .token span").all_inner_texts() == tokens


def test_further_views_unfold_and_every_layer_can_be_asked(opened):
    opened.locator("#more .label-wrap").click()
    for name in ("assignments", "confidence", "coverage"):
        expect(opened.locator(f"#{name} .badge")).to_contain_text("recorded")
    opened.get_by_role("button", name="Ask every layer").click()
    expect(opened.locator("#lens .caption")).to_contain_text("the model's own")


def test_the_heatmap_shows_the_weights_used(opened):
    opened.locator("#quantity").get_by_text("Weight used").click()
    expect(opened.locator("#gates .caption")).to_contain_text("counts in the sum")


def test_every_tab_can_be_reached_on_a_phone(page, app_url):
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(app_url)
    expect(page.locator("#strip .token").first).to_be_visible()
    tabs = page.locator(".tab-container:not(.visually-hidden) [role=tab]")
    for number in range(tabs.count()):
        tabs.nth(number).click()
        expect(tabs.nth(number)).to_have_attribute("aria-selected", "true")
        assert 0 <= tabs.nth(number).bounding_box()["x"] < 330
