"""How long from a cold load in a browser to the recorded trace on the screen, still and answering, beside an empty
gradio page."""

import shutil
import sys
import time

from playwright.sync_api import Browser, sync_playwright

from benchmarks.measure import alternate, arguments, report
from benchmarks.server import serving

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chromium-headless-shell")  # the last one has no windows
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync")
FIRST_LOOK = "#first-look .token", "#first-look .first-gates"  # still: it comes with the page and answers nothing
STRIP, HEATMAP, TEXT_BOX = "#strip .token", "#gates .heatmaplayer image, #gates .heatmaplayer path", "textarea"


def seconds_until_visible(browser: Browser, url: str, *selectors: str) -> float:
    """A new context each time, so nothing is in its cache."""
    context = browser.new_context()
    page = context.new_page()
    start = time.perf_counter()
    page.goto(url, wait_until="commit")
    for selector in selectors:
        page.locator(selector).first.wait_for(state="visible", timeout=60_000)
    seconds = time.perf_counter() - start
    context.close()
    return seconds


def first_visit(browser: Browser, *selectors: str) -> float:
    """The server has just started and is still loading its model."""
    with serving([sys.executable, "app.py"]) as served:
        return seconds_until_visible(browser, served.url, *selectors)


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--browser", choices=BROWSERS, help="which one (default: the first of these that is installed)")
    asked = parser.parse_args()
    found = next(filter(None, map(shutil.which, [asked.browser] if asked.browser else BROWSERS)), None)
    if found is None:
        sys.exit(f"first_paint needs {asked.browser or 'chromium'}")
    with (sync_playwright() as playwright, serving([sys.executable, "app.py"]) as ours,
          serving([sys.executable, "benchmarks/empty_page.py"]) as empty):
        browser = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        rivals = {"MoEscope, the still first look": lambda: seconds_until_visible(browser, ours.url, *FIRST_LOOK),
                  "the same two where they answer": lambda: seconds_until_visible(browser, ours.url, STRIP, HEATMAP),
                  "the first look, its server just started": lambda: first_visit(browser, *FIRST_LOOK),
                  "where they answer, its server just started": lambda: first_visit(browser, STRIP, HEATMAP),
                  "an empty gradio page": lambda: seconds_until_visible(browser, empty.url, TEXT_BOX)}
        figures = alternate(rivals, asked.runs)
        browser.close()
    report("from a cold load to the recorded trace", "seconds", figures, asked.json)


if __name__ == "__main__":
    main()
