"""A long measurement as a walk of steps, so that others may have their turn in between and anyone may stop it.

It does not know what is measured.
"""

from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd


class Step(NamedTuple):
    """How far a measurement is, and all it has found so far."""

    done: int
    total: int
    table: pd.DataFrame


def last(steps: Iterator[Step]) -> pd.DataFrame:
    """The whole table, walked to its end."""
    *_, step = steps
    return step.table


def growing(rows: Iterator[list[dict]], total: int) -> Iterator[Step]:
    """Lists of rows, each list one step, as tables that grow."""
    found: list[dict] = []
    for done, more in enumerate(rows, 1):
        found += more
        yield Step(done, total, pd.DataFrame(found))
