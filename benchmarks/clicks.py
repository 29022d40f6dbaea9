"""How long from a click to the answer on the screen, and how often a second the live figures move.

A click is answered in the first frame in which everything that the click changes has changed: the token selected in
the strip, caption and drawing of its path, the framed row of the heatmap; for a layer the strip's experts, the
heatmap's caption and its cells. The clock starts with the browser's own time of the click.
"""

import json
import shutil
import statistics
import sys
from collections.abc import Callable

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.first_paint import BROWSERS, FLAGS
from benchmarks.measure import arguments, machine
from benchmarks.server import serving

PAUSE = 1500   # milliseconds between two clicks: whatever the server still has to say has arrived
LENGTH = 200   # tokens of the text that streams
STREAM = f"?prompt=Once%20upon%20a%20time&max_new_tokens={LENGTH}&seed={{seed}}"
GENERATED = "document.querySelectorAll('#strip .token.generated').length"
WATCH = """() => {
  const text = (selector) => document.querySelector(selector)?.textContent;
  const drawn = (selector) => [...document.querySelectorAll(selector)].map((node) => node.getAttribute('d')).join();
  const ink = (panel) => { // the small picture that is sketched over a figure, while there is one
    const canvas = document.querySelector(`${panel} .stage canvas:not([hidden])`);
    if (!canvas) return '';
    const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    let sum = 0;
    for (let at = 0; at < pixels.length; at += 41) sum = (sum * 31 + pixels[at]) >>> 0;
    return sum;
  };
  window.told = {
    strip_length: () => document.querySelectorAll('#strip .token').length,
    strip: () => document.querySelector('#strip .token.selected')?.dataset.position,
    experts: () => [...document.querySelectorAll('#strip .token small')].map((node) => node.textContent).join(),
    path_told: () => text('#path .caption'), path: () => drawn('#path .shapelayer path') + ink('#path'),
    row: () => drawn('#gates .shapelayer path') + ink('#gates'), gates_told: () => text('#gates .caption'),
    cells: () => document.querySelector('#gates .heatmaplayer image')?.getAttribute('xlink:href')
      + drawn('#gates .trace path') + ink('#gates'),
    load: () => [...document.querySelectorAll('#load .heatmap-label')].map((node) => node.textContent).join()
      + ink('#load'),
    load_told: () => text('#load .caption') };
  ['click', 'keydown'].forEach((kind) => document.addEventListener(kind, (event) => {
    if (window.awaited && window.began === null) window.began = event.timeStamp; }, true));
}"""
AWAIT = """(names) => {
  const before = names.map((name) => window.told[name]());
  window.began = null; window.awaited = true; window.answered = null;
  const look = () => {
    if (window.began !== null && names.every((name, at) => window.told[name]() !== before[at])) {
      window.awaited = false;
      requestAnimationFrame(() => { window.answered = performance.now() - window.began; });
    } else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""
COUNT = """(names) => {
  const seen = Object.fromEntries(names.map((name) => [name, [window.told[name](), 0]]));
  window.counted = { began: performance.now(), seen };
  const look = () => {
    names.forEach((name) => {
      const now = window.told[name]();
      if (now !== seen[name][0]) seen[name] = [now, seen[name][1] + 1];
    });
    if (window.counted) requestAnimationFrame(look);
  };
  look();
}"""
COUNTED = """() => {
  const { began, seen } = window.counted;
  window.counted = null;
  const seconds = (performance.now() - began) / 1000;
  return Object.fromEntries(Object.entries(seen).map(([name, [, times]]) => [name, times / seconds]));
}"""
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


CLICKS: dict[str, tuple[Callable, tuple[str, ...]]] = {
    "click on a token of the strip": (on_token, TOKEN), "click on a row of the heatmap": (on_row, TOKEN),
    "arrow key in the strip": (arrow_on_token, TOKEN), "another layer": (arrow_on_layer, LAYER)}


def milliseconds(page: Page, act: Callable, changes: tuple[str, ...], turn: int) -> float | None:
    """From the click to its answer; None where none came within 5 s."""
    page.evaluate(AWAIT, list(changes))
    act(page, turn)
    try:
        page.wait_for_function("() => window.answered !== null", timeout=5_000)
        found = page.evaluate("() => window.answered")
    except Exception:
        found = None
    page.wait_for_timeout(PAUSE)
    return found


def clicks(browser: Browser, url: str, runs: int) -> dict[str, list[float]]:
    """Every kind of click in turns; before the first measured one each kind is tried once."""
    page = opened(browser, url)
    figures = {name: [] for name in CLICKS}
    for turn in range(runs + 1):
        for name, (act, changes) in CLICKS.items():
            found = milliseconds(page, act, changes, turn)
            if turn:
                figures[name].append(found)
    page.context.close()
    return figures


def live(browser: Browser, url: str, turn: int) -> dict[str, float]:
    """Changes a second while a text streams; the page has come to rest before, and has streamed one text already."""
    page = opened(browser, url + STREAM.format(seed=turn))
    page.locator("#run-status .done").wait_for(timeout=60_000)
    page.wait_for_timeout(2 * PAUSE)
    page.get_by_role("button", name="Generate ↵").click()
    page.locator("#run-status .busy").wait_for(timeout=60_000)
    page.wait_for_function(f"() => {GENERATED} > 10 && {GENERATED} < {LENGTH / 2}", timeout=60_000)
    page.evaluate(COUNT, ["strip_length", "gates_told", "load_told", "path_told", "cells", "load", "path"])
    page.wait_for_function("() => document.querySelector('#run-status .done')", timeout=60_000)
    found = page.evaluate(COUNTED)
    page.context.close()
    return found


def opened(browser: Browser, url: str, ready: bool = True) -> Page:
    page = browser.new_context(viewport={"width": 1280, "height": 1400}, locale="en-US").new_page()
    page.goto(url)
    page.evaluate(WATCH)
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
    streams = [live(browser, url, turn) for turn in range(runs)]
    return figures | {f"live: {name}": ("a second", [stream[name] for stream in streams]) for name in streams[0]}


if __name__ == "__main__":
    main()
