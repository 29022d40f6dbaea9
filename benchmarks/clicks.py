"""How long from a click to the answer on the screen, and how often a second the live figures move.

A click is answered in the first frame in which everything that the click changes has changed: the token selected in
the strip, caption and drawing of its path, the framed row of the heatmap; for a layer the strip's experts, the
heatmap's caption and its cells. The clock starts with the browser's own time of the click.
"""

import json
import math
import shutil
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, Page, TimeoutError, sync_playwright

from benchmarks.first_paint import BROWSERS, FLAGS
from benchmarks.measure import arguments, machine
from benchmarks.server import serving

SCRIPT = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
PATIENCE = 5000  # milliseconds for an answer
PAUSE = 1000      # milliseconds between two clicks: whatever the server still has to say has arrived
LENGTH = 200   # tokens of the text that streams
STREAM = f"?prompt=Once%20upon%20a%20time&max_new_tokens={LENGTH}&seed={{seed}}"
GENERATED = "document.querySelectorAll('#strip .token.generated').length"
MOVING = ("gates_told", "load_told", "path_told", "cells", "load", "path")
LIVE = (("strip_length", "gates_told", "load_told", "path_told"), ("cells",), ("load",), ("path",))  # watched together
TOKEN, LAYER = ("strip", "path_told", "path", "row"), ("experts", "gates_told", "cells")


def on_token(page: Page, turn: int) -> None:
    page.locator("#strip .token").nth(1 + turn % 5).click()


def on_row(page: Page, turn: int) -> None:
    box = page.locator("#gates .nsewdrag").bounding_box()
    rows = page.locator("#gates .yaxislayer-above .ytick, #gates .ytick").count()
    page.mouse.click(box["x"] + box["width"] * 0.35, box["y"] + box["height"] * (8.5 + turn % 3) / max(rows, 12))


def arrow_on_token(page: Page, turn: int) -> None:
    selected = page.locator("#strip .token.selected")
    selected.focus()
    page.keyboard.press("ArrowRight")


def arrow_on_layer(page: Page, turn: int) -> None:
    page.locator("#layer input[type=range]").focus()
    page.keyboard.press("ArrowLeft" if turn % 4 < 2 else "ArrowRight")


class Click(NamedTuple):
    """What a person does, what has changed when it is answered, and how long they wait before the next."""

    act: Callable
    changes: tuple[str, ...]
    pause: int = PAUSE


CLICKS = {
    "click on a token of the strip": Click(on_token, TOKEN), "click on a row of the heatmap": Click(on_row, TOKEN),
    "arrow key in the strip": Click(arrow_on_token, TOKEN), "another layer": Click(arrow_on_layer, LAYER),
    "click on a token, to what the server adds": Click(on_token, ("choice", "next")),
    "hurried clicks on tokens, 0.4 s apart": Click(on_token, TOKEN, pause=400)}


def milliseconds(page: Page, click: Click, turn: int) -> float:
    """From the click to its answer; infinite where none came."""
    page.evaluate("names => window.awaitAnswer(names)", list(click.changes))
    click.act(page, turn)
    try:
        page.wait_for_function("() => window.answered !== null", timeout=PATIENCE)
    except TimeoutError:
        return math.inf
    return page.evaluate("() => window.answered")


def clicks(browser: Browser, url: str, runs: int) -> dict[str, list[float]]:
    """Every kind of click in a row; the first of each kind is not measured."""
    page = opened(browser, url)
    figures = {}
    for name, click in CLICKS.items():
        found = []
        for turn in range(runs + 1):
            found.append(milliseconds(page, click, turn))
            page.wait_for_timeout(click.pause)
        figures[name] = found[1:]
        page.wait_for_timeout(PAUSE)
    page.context.close()
    return figures


def replay(browser: Browser, url: str) -> dict[str, float]:
    """Changes a second while the recorded run plays at its highest speed."""
    page = opened(browser, url)
    page.locator("#player .speed").select_option("20")
    page.locator("#player .play").click()
    page.evaluate("names => window.startCounting(names)", list(MOVING))
    page.wait_for_timeout(1200)
    found = page.evaluate("() => window.changesASecond()")
    page.context.close()
    return found


def live(browser: Browser, url: str, turn: int) -> dict[str, float]:
    """Changes a second while a text streams, one text for every drawing: to read one back costs the page time."""
    return {name: rate for names in LIVE for name, rate in streamed(browser, url, turn, names).items()}


def streamed(browser: Browser, url: str, turn: int, names: tuple[str, ...]) -> dict[str, float]:
    """The same of these names; the page has come to rest before, and has streamed one text already."""
    page = opened(browser, url + STREAM.format(seed=turn))
    page.locator("#run-status .done").wait_for(timeout=60_000)
    page.wait_for_timeout(2 * PAUSE)
    page.get_by_role("button", name="Generate ↵").click()
    page.wait_for_function(f"() => {GENERATED} > 10 && {GENERATED} < {LENGTH}", timeout=60_000)
    page.evaluate("names => window.startCounting(names)", list(names))
    page.wait_for_function("() => document.querySelector('#run-status .done')", timeout=60_000)
    found = page.evaluate("() => window.changesASecond()")
    page.context.close()
    return found


def opened(browser: Browser, url: str, ready: bool = True) -> Page:
    page = browser.new_context(viewport={"width": 1280, "height": 1400}, locale="en-US").new_page()
    page.goto(url)
    page.add_script_tag(content=SCRIPT)
    page.locator("#strip .token").first.wait_for(timeout=60_000)
    if ready:
        page.locator("#notice", has_text="ready").wait_for(timeout=120_000)
        page.locator("#gates .main-svg").first.wait_for()
        page.wait_for_timeout(PAUSE)
    return page


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--url", help="a page that is already served")
    asked = parser.parse_args()
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        sys.exit("clicks needs chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        if asked.url:
            figures = measured(browser, asked.url, asked.runs)
        else:
            with serving([sys.executable, "app.py"]) as served:
                figures = measured(browser, served.url, asked.runs)
        browser.close()
    print(machine())
    for name, (unit, values) in figures.items():
        print(f"  {name:36} {statistics.median(values):8.1f} {unit}  ({min(values):.1f} .. {max(values):.1f}), "
              f"median of {len(values)}")
    if asked.json:
        print(json.dumps({"machine": machine(), "medians": {name: statistics.median(values)
                                                            for name, (_, values) in figures.items()}}))


def measured(browser: Browser, url: str, runs: int) -> dict[str, tuple[str, list[float]]]:
    """Name -> unit and one figure a run."""
    figures = {name: ("ms", values) for name, values in clicks(browser, url, runs).items()}
    moving = {"live": [live(browser, url, turn) for turn in range(runs)],
              "replay": [replay(browser, url) for _ in range(runs)]}
    return figures | {f"{kind}: {name}": ("a second", [found[name] for found in every])
                      for kind, every in moving.items() for name in every[0]}


if __name__ == "__main__":
    main()
