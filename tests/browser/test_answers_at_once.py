"""A click is answered by the browser alone, in the very words in which the server would have answered."""

import pytest
from playwright.sync_api import expect

from app.session import Session
from app.views.prompt import panel_value, strip_value


@pytest.fixture
def alone(opened):
    """The page, its figures drawn, with the server out of reach."""
    for name in ("gates", "path"):
        expect(opened.locator(f"#{name} .main-svg").first).to_be_visible()
    opened.route("**/*", lambda route: route.abort())
    return opened


def reads_as(page, name: str, session: Session) -> None:
    """The panel says what the server says of that session."""
    wanted = panel_value(name, session)
    expect(page.locator(f"#{name} h2")).to_have_text(wanted["title"])
    expect(page.locator(f"#{name} .caption")).to_have_text(wanted["caption"])
    expect(page.locator(f"#{name} .plot")).to_have_attribute("aria-label", wanted["summary"])
    expect(page.locator(f"#{name} .csv")).to_have_attribute("title", wanted["csv_hint"])


def strip_reads_as(page, session: Session) -> None:
    wanted = strip_value(session)
    said = page.locator("#strip .token").evaluate_all("all => all.map((one) => one.getAttribute('aria-label'))")
    assert said == [token["spoken"] for token in wanted["tokens"]]
    expect(page.locator("#strip .token[aria-pressed=true]")).to_have_attribute("data-position", str(session.position))
    expect(page.locator("#strip .strip-legend li").first).to_have_text(wanted["legend"][0])


def test_a_clicked_token_needs_no_server(alone, recorded):
    alone.locator("#strip .token").nth(1).click()
    session = Session(recorded, layer=1, position=1)
    for name in ("path", "gates"):
        reads_as(alone, name, session)
    strip_reads_as(alone, session)


def test_an_arrow_key_needs_no_server(alone, recorded):
    alone.locator("#strip .token").nth(1).focus()
    alone.keyboard.press("ArrowRight")
    expect(alone.locator("#strip .token").nth(2)).to_be_focused()
    reads_as(alone, "path", Session(recorded, layer=1, position=2))


def test_a_row_of_the_heatmap_needs_no_server(alone, recorded):
    alone.locator("#gates .plot").scroll_into_view_if_needed()
    box = alone.locator("#gates .nsewdrag").bounding_box()
    alone.mouse.click(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.03)
    reads_as(alone, "path", Session(recorded, layer=1, position=0))


def test_another_layer_needs_no_server(alone, recorded):
    first = recorded.phase.count("prompt") - 1
    alone.locator("#layer input[type=range]").focus()
    alone.keyboard.press("ArrowLeft")
    session = Session(recorded, layer=0, position=first)
    reads_as(alone, "gates", session)
    strip_reads_as(alone, session)


def test_what_is_sketched_at_once_is_drawn_when_it_rests(alone):
    alone.locator("#path .plot").scroll_into_view_if_needed()
    alone.locator("#strip .token").nth(1).click()
    expect(alone.locator("#path canvas")).to_be_visible()
    expect(alone.locator("#path canvas")).to_be_hidden()
    shapes = alone.locator("#path .plot").evaluate("plot => plot.layout.shapes.length")
    assert alone.locator("#path .shapelayer path").count() == shapes > 0


def test_the_server_draws_what_it_alone_knows_once_the_visitor_rests(opened):
    opened.locator("#strip .token").nth(1).click()
    opened.locator("#strip .token").nth(2).click()
    token = opened.locator("#strip .token span").nth(2).inner_text()
    for name in ("choice", "next"):
        expect(opened.locator(f"#{name} h2")).to_contain_text(token)


def test_a_click_that_waits_for_the_answer_to_the_one_before_is_not_taken_for_it(opened):
    held = []
    opened.route("**/run/predict*", lambda route: held.append(route), times=1)
    opened.locator("#strip .token").nth(1).click()
    while not held:
        opened.wait_for_timeout(50)
    opened.locator("#strip .token").nth(2).click()
    opened.wait_for_timeout(500)
    held[0].continue_()
    token = opened.locator("#strip .token span").nth(2).inner_text()
    expect(opened.locator("#choice h2")).to_contain_text(token)
