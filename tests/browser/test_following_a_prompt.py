"""Enter makes the text grow; every click shows more of the token that was clicked."""

from urllib.parse import parse_qs, urlparse

from playwright.sync_api import expect


def test_enter_follows_the_prompt(generate):
    page = generate("我喜欢")
    expect(page.locator("#run-status")).to_contain_text("12 generated")
    expect(page.locator("#strip .token.generated")).to_have_count(12)
    expect(page.locator("#gates .badge")).to_have_text("measured · fp32 · CPU")


def test_tokens_arrive_one_after_another(page, slow_url):
    page.goto(f"{slow_url}?prompt=Once&max_new_tokens=8")
    expect(page.locator("#run-status")).to_contain_text("Generating")
    growing = page.locator("#strip .token.generated").count()
    expect(page.locator("#run-status")).to_contain_text("8 generated")
    assert growing < page.locator("#strip .token.generated").count() == 8


def test_what_moves_while_the_text_grows_is_called_measured(page, slow_url):
    page.goto(f"{slow_url}?prompt=Once&max_new_tokens=200")
    expect(page.locator("#strip .token.generated").nth(1)).to_be_visible()
    for panel in ("gates", "path", "load"):
        expect(page.locator(f"#{panel} .badge")).to_have_text("measured · fp32 · CPU")
    expect(page.locator("#run-status")).to_contain_text("Generating")
    page.get_by_role("button", name="Stop ■").click()


def test_stop_keeps_what_is_there(page, slow_url):
    page.goto(f"{slow_url}?prompt=Once&max_new_tokens=200")
    expect(page.locator("#run-status")).to_contain_text("Generating")
    page.get_by_role("button", name="Stop ■").click()
    expect(page.locator("#run-status")).to_contain_text("Stopped by you")
    expect(page.locator("#gates .badge")).to_have_text("measured · fp32 · CPU")
    expect(page.get_by_role("button", name="Generate ↵")).to_be_visible()


def test_a_new_prompt_takes_the_place_of_a_text_that_still_grows(page, slow_url):
    page.goto(f"{slow_url}?prompt=Once&max_new_tokens=200")
    expect(page.locator("#run-status")).to_contain_text("Generating")
    page.locator("#prompt textarea").fill("小猫")
    page.locator("#prompt textarea").press("Enter")
    expect(page.locator("#strip .token span").first).to_contain_text("小")
    page.get_by_role("button", name="Stop ■").click()
    expect(page.locator("#run-status")).to_contain_text("Stopped by you")
    expect(page.locator("#strip .token span").first).to_contain_text("小")
    expect(page.get_by_role("button", name="Generate ↵")).to_be_visible()


def test_a_click_while_the_text_grows_is_kept(page, slow_url):
    page.goto(f"{slow_url}?prompt=Once&max_new_tokens=200")
    expect(page.locator("#run-status")).to_contain_text("Generating")
    page.locator("#strip .token").nth(1).click()
    page.get_by_role("button", name="Stop ■").click()
    expect(page.locator("#run-status")).to_contain_text("Stopped by you")
    expect(page.locator("#strip .token").nth(1)).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#path .caption")).to_contain_text("Position 1.")


def test_a_clicked_token_shows_its_path(opened):
    opened.locator("#strip .token").nth(1).click()
    expect(opened.locator("#path .caption")).to_contain_text("Position 1.")
    expect(opened.locator("#strip .token").nth(1)).to_have_attribute("aria-pressed", "true")


def test_the_keyboard_walks_along_the_tokens(opened):
    opened.locator("#strip .token").first.focus()
    opened.keyboard.press("ArrowRight")
    opened.keyboard.press("ArrowRight")
    expect(opened.locator("#strip .token").nth(2)).to_be_focused()
    opened.keyboard.press("Enter")
    expect(opened.locator("#path .caption")).to_contain_text("Position 2.")


def test_another_layer_shows_its_own_experts(opened):
    before = opened.locator("#strip .token small").all_inner_texts()
    opened.locator("#layer input[type=range]").focus()
    opened.keyboard.press("ArrowLeft")
    expect(opened.locator("#gates .caption")).to_contain_text("Layer 0.")
    assert opened.locator("#strip .token small").all_inner_texts() != before


def test_a_row_of_the_heatmap_leads_to_its_token(opened):
    opened.locator("#gates .plot").scroll_into_view_if_needed()
    box = opened.locator("#gates .nsewdrag").bounding_box()
    opened.mouse.click(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.03)
    expect(opened.locator("#path .caption")).to_contain_text("Position 0.")


def test_every_figure_has_a_table_to_take_away(opened):
    with opened.expect_download() as download:
        opened.locator("#load .csv").click()
    assert download.value.suggested_filename == "moescope-load.csv"
    assert download.value.path().read_text("utf-8-sig").splitlines()[0].startswith("layer,expert,share")


def test_a_link_restores_the_run(page, generate, app_url):
    generate("Once upon")
    query = parse_qs(urlparse(page.url).query)
    assert (query["prompt"], query["seed"]) == (["Once upon"], ["0"])
    tokens = page.locator("#strip .token span").all_inner_texts()
    page.goto(page.url)
    expect(page.locator("#run-status")).to_contain_text("Done")
    expect(page.locator("#prompt textarea")).to_have_value("Once upon")
    assert page.locator("#strip .token span").all_inner_texts() == tokens


def test_an_example_runs_at_one_click(opened):
    opened.get_by_role("button", name="Once upon a time").click()
    expect(opened.locator("#prompt textarea")).to_have_value("Once upon a time")
    expect(opened.locator("#run-status")).to_contain_text("Done")
