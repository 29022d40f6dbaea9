"""From a visitor's wish in the tab *Where should the bits go?* to a measured plan, a short step at a time.

Between two steps another visitor has a turn with the model. It knows no components and no words.
"""

import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from threading import Event

import numpy as np
import pandas as pd

from app import shipped
from app.budgeting import BEST, SECONDS_PER_SEARCH, Dials
from app.engine import Engine
from moe_core.precision import search_found
from moe_core.precision.search_found import Found, FoundFileError

MEGABYTE = 1_000_000
_prepared: dict = {}  # model hash -> what every search of it begins with; one model, so one entry


@cache
def recorded(path: Path = shipped.TRACES / "budget.json") -> Found | None:
    """The shipped search, or None when there is none that can be read."""
    try:
        return search_found.load(path)
    except FoundFileError:
        return None


@cache
def exported(path: Path = shipped.EXPORTS) -> pd.DataFrame | None:
    """Files that were exported and run, with their size and measured KL; None when no recording can be read."""
    import json

    try:
        read = json.loads(path.read_text(encoding="utf-8"))
        table = pd.DataFrame(read["rows"])[["plan", "bytes", "kl", "runtime"]]
        return table.assign(model_hash=read["settings"].get("model_hash", ""))
    except (OSError, ValueError, KeyError, TypeError):
        return None


class Ended(Exception):
    """The visitor cancelled, or the time is over; the message is `cancelled` or `deadline`."""


def searched(engine: Engine, dials: Dials, stop: Event) -> Iterator:
    """Progress after every step, and last a Found; raises Ended, or ValueError with what is possible."""
    from moe_core.precision.search import Search
    from moe_core.precision.search_bench import Wish

    wish = Wish(dials.percent / 100, dials.megabytes * MEGABYTE if dials.goal == BEST else None, dials.kind,
                routers_fp32=dials.routers_fp32)
    with engine.turn():
        search = Search(engine.loaded, wish, known=_prepared.get(engine.loaded.hash))
    yield from _turns(engine, iter(search), stop)
    _prepared[engine.loaded.hash] = search.bench.known
    yield search.found


def bisected(engine: Engine, dials: Dials, format: str, direction: str, stop: Event) -> Iterator:
    """Progress after every step, and last the row of the first part that must stay high."""
    from moe_core.precision.search_bench import TrialBench, Wish
    from moe_core.precision.search_culprit import culprit

    with engine.turn():
        bench = TrialBench(engine.loaded, Wish(dials.percent / 100, routers_fp32=dials.routers_fp32),
                           known=_prepared.get(engine.loaded.hash))
    row: dict = {}

    def steps():
        yield from bench.prepare()
        row.update((yield from culprit(bench, format, direction)))

    yield from _turns(engine, steps(), stop)
    _prepared[engine.loaded.hash] = bench.known
    yield row | {"tolerance": dials.percent / 100}


def _turns(engine: Engine, steps: Iterator, stop: Event) -> Iterator:
    end = time.monotonic() + SECONDS_PER_SEARCH
    while True:
        with engine.turn():
            step = next(steps, None)
        if step is None:
            return
        if stop.is_set() or time.monotonic() > end:
            raise Ended("cancelled" if stop.is_set() else "deadline")
        yield step


def surroundings(found: Found, tolerance: float) -> pd.DataFrame:
    """All points to draw: the search's own, and those of the recording if it is of the same model and layout."""
    known = recorded()
    same = known is not None and all(known.settings[name] == found.settings[name]
                                     for name in ("model_hash", "layout", "splits"))
    tables = [found.points]
    if same and known is not found:
        tables.insert(0, known.points[known.points["family"] != search_found.CHOSEN])
    points = pd.concat(tables, ignore_index=True)
    points = points.drop_duplicates(["name", "family", "bytes", "kl"], keep="last")
    return points.assign(passed=(points["upper"] <= tolerance) & np.isfinite(points["upper"]))
