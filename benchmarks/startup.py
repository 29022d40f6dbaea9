"""How long from `python app.py` to the first served page, beside an empty gradio page."""

import sys

from benchmarks.measure import alternate, arguments, report
from benchmarks.server import serving


def seconds_until_served(script: str) -> float:
    """A fresh Python each time."""
    with serving([sys.executable, script]) as served:
        return served.seconds


def main() -> None:
    asked = arguments(__doc__).parse_args()
    rivals = {"MoEscope": lambda: seconds_until_served("app.py"),
              "an empty gradio page": lambda: seconds_until_served("benchmarks/empty_page.py")}
    report("from the command to the first served page", "seconds", alternate(rivals, asked.runs), asked.json)


if __name__ == "__main__":
    main()
