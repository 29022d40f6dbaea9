"""The long measurements of the tab *Precision*: one step a turn, each answer kept for whoever asks the same again.

It knows no components and no words.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd

from app import limits
from app.engine import Engine
from app.session import Session
from moe_core.sampling import Sampling

KEPT = 96             # answers; small tables
TWIN_TOKENS = 80
DEPENDS_ON = {        # beside the text: which choices change a section's answer
    "formats": ("engine", "routers", "replay"), "growth": ("format", "engine", "routers"), "router": ("engine",),
    "twins": ("start", "format", "engine", "routers", "temperature", "seed"), "untrained": ("engine",), "cliff": (),
    "ranges": (), "ties": ("engine",), "cost": (), "seconds": ()}


class Question(NamedTuple):
    """What one section asks of one text; equal questions have one answer."""

    section: str
    token_ids: tuple[int, ...]
    choices: tuple[tuple[str, object], ...]


def question(section: str, session: Session) -> Question | None:
    """What a section asks for this visitor; None before anything was compared."""
    comparison = session.comparison
    if comparison is None:
        return None
    settings, ours = comparison.settings, session.shortening
    choices = {"start": settings["start_tokens"], "temperature": ours.temperature, "seed": ours.seed,
               **{name: settings[name] for name in ("format", "engine", "routers", "replay")}}
    return Question(section, tuple(comparison.reference.token_ids.tolist()),
                    tuple((name, choices[name]) for name in DEPENDS_ON[section]))


class Laboratory:
    """Measures with the page's model, in fair turns with everyone else."""

    def __init__(self, engine: Engine):
        self.engine = engine
        self._answers: OrderedDict[Question, pd.DataFrame] = OrderedDict()
        self._lock = threading.Lock()

    def known(self, section: str, session: Session) -> pd.DataFrame | None:
        """The answer, if someone has measured it."""
        asked = question(section, session)
        with self._lock:
            if asked in self._answers:
                self._answers.move_to_end(asked)
            return self._answers.get(asked)

    def measure(self, section: str, session: Session, stop: threading.Event) -> Iterator[tuple[int, int]]:
        """How many steps of how many are done, until the answer is known, `stop`, or the time is over."""
        asked = question(section, session)
        if asked is None or self.known(section, session) is not None:
            return
        deadline, table, done, total = time.monotonic() + limits.SECONDS_PER_RUN, None, 0, 1
        steps = None
        while not stop.is_set() and time.monotonic() < deadline:
            with self.engine.turn():
                steps = steps or BEGIN[section](self.engine.loaded, list(asked.token_ids), **dict(asked.choices))
                step = next(steps, None)
            if step is None:
                self._keep(asked, table)
                return
            done, total, table = step
            yield done, total

    def _keep(self, asked: Question, table: pd.DataFrame) -> None:
        with self._lock:
            self._answers[asked] = table
            while len(self._answers) > KEPT:
                self._answers.popitem(last=False)


def _formats(loaded, token_ids, engine, routers, replay):
    from moe_core.precision.compare import Reference
    from moe_core.precision.report import Asked, formats_of, report_steps

    return report_steps([Reference(loaded, token_ids)],
                        [Asked(format, engine, routers, replay) for format in formats_of(engine)])


def _growth(loaded, token_ids, format, engine, routers):
    from moe_core.precision.streams import growth_steps

    return growth_steps(loaded.model, token_ids, format, engine, routers)


def _router(loaded, token_ids, engine):
    from moe_core.precision.routers import router_steps

    return router_steps(loaded, token_ids, engine)


def _twins(loaded, token_ids, start, format, engine, routers, temperature, seed):
    from moe_core.precision.report import Asked
    from moe_core.precision.twins import twin_steps

    sampling = Sampling(max_new_tokens=TWIN_TOKENS, temperature=temperature, seed=seed)
    return twin_steps(loaded.model, token_ids[:start], Asked(format, engine, routers), sampling)


def _untrained(loaded, token_ids, engine):
    from moe_core.precision.report import Asked, formats_of
    from moe_core.precision.untrained import pair_steps

    return pair_steps(loaded, token_ids, [Asked(format, engine) for format in formats_of(engine)])


def _cliff(loaded, token_ids):
    from moe_core.precision.rescale import cliff_steps

    return cliff_steps(loaded.model, token_ids)


def _ranges(loaded, token_ids):
    from moe_core.precision.ranges import range_steps

    return range_steps(loaded.model, token_ids)


def _ties(loaded, token_ids, engine):
    from moe_core.precision.compare import Reference
    from moe_core.precision.report import Asked, formats_of
    from moe_core.precision.ties import tie_steps

    return tie_steps(Reference(loaded, token_ids), [Asked(format, engine) for format in formats_of(engine)])


def _cost(loaded, token_ids):
    from moe_core.precision.energy import cost_table
    from moe_core.precision.steps import Step

    return iter([Step(1, 1, cost_table(loaded.model, len(token_ids)))])


def _seconds(loaded, token_ids):
    from moe_core.precision.cast import cast
    from moe_core.precision.energy import second_steps

    return second_steps({format: cast(loaded.model, format, "compute") for format in ("fp32", "fp16", "bf16")},
                        token_ids)


BEGIN = {"formats": _formats, "growth": _growth, "router": _router, "twins": _twins, "untrained": _untrained,
         "cliff": _cliff, "ranges": _ranges, "ties": _ties, "cost": _cost, "seconds": _seconds}
