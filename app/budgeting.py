"""What one visitor asks in the tab *Where should the bits go?*, and what was found.

Only choices and measured numbers; planning.py measures, views/budget.py says it in words.
"""

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.limits import Refusal

if TYPE_CHECKING:
    from moe_core.precision.search_found import Found

SMALLEST, BEST = "smallest", "best"            # goals: the smallest plan that passes, the best plan under a budget
KINDS = ("file", "touched")
MEASURES = ("upper", "kl")                     # what the sizes are drawn against
DIRECTIONS = ("before", "after")
LOW_FORMATS = ("int8", "int4", "int2")
LEAST_PERCENT, MOST_PERCENT = 0.0, 50.0        # tolerance
LEAST_MEGABYTES, MOST_MEGABYTES = 0.001, 1000.0
SECONDS_PER_SEARCH = 240.0                     # of waiting; others have their turns in between


@dataclass(frozen=True)
class Dials:
    """What the visitor set."""

    goal: str = SMALLEST
    percent: float = 0.5          # tolerance of the gate
    megabytes: float = 3.0        # only for the goal BEST
    kind: str = KINDS[0]
    routers_fp32: bool = True


def refuse_dials(dials: Dials) -> Refusal | None:
    """Why these dials cannot be searched with; None when they can."""
    if not _within(dials.percent, LEAST_PERCENT, MOST_PERCENT):
        return Refusal("budget.refuse.tolerance", {"given": dials.percent, "least": f"{LEAST_PERCENT:g}",
                                                   "most": f"{MOST_PERCENT:g}"})
    if dials.goal == BEST and not _within(dials.megabytes, LEAST_MEGABYTES, MOST_MEGABYTES):
        return Refusal("budget.refuse.budget", {"given": dials.megabytes, "least": f"{LEAST_MEGABYTES:g}",
                                                "most": f"{MOST_MEGABYTES:g}"})
    if dials.goal not in (SMALLEST, BEST) or dials.kind not in KINDS:
        return Refusal("budget.refuse.choice", {})
    return None


def _within(number, low: float, high: float) -> bool:
    """Whether this is a number in the range; an emptied box is None."""
    return (isinstance(number, int | float) and not isinstance(number, bool) and math.isfinite(number)
            and low <= number <= high)


@dataclass(frozen=True)
class Budgeting:
    """One visitor's searches; every change is a new Budgeting."""

    opened: bool = False
    found: "Found | None" = field(default=None, compare=False)
    recorded: bool = True                     # whether `found` is the shipped recording
    culprits: tuple[dict, ...] = ()           # the visitor's own bisections, newest last
    measure: str = MEASURES[0]
