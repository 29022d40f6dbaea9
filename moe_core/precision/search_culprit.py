"""The precision bisector: the first part, on a token's way through the model, that must stay high for the gate to pass.

As Polygraphy's `debug precision` does for layers: halving, so it believes that more low parts never help.
"""

from collections.abc import Generator

import pandas as pd

from moe_core.precision.plan import Plan
from moe_core.precision.search_bench import Progress, TrialBench
from moe_core.precision.search_found import AFTER, BEFORE, CULPRIT

CULPRIT_TRIAL = "culprit"
LOW_FORMATS = ("int8", "int4", "int2")


def half_low(parts: tuple[str, ...], low: int, format: str, direction: str, pinned: Plan) -> Plan:
    """`low` parts in the short format, the others in fp32: the first ones (BEFORE) or the last ones (AFTER)."""
    lowered = parts[:low] if direction == BEFORE else parts[len(parts) - low:]
    return {part: format if part in lowered else "fp32" for part in parts} | pinned


def culprit(bench: TrialBench, format: str, direction: str) -> Generator[Progress, None, dict]:
    """One row of the table of culprits; part is None when every part may be low.

    BEFORE: all parts before it may be low together, and with it the gate fails. AFTER: the same from the end.
    """
    if format not in LOW_FORMATS:
        raise ValueError(f"the short format must be one of {', '.join(LOW_FORMATS)}, got {format}")
    if direction not in (BEFORE, AFTER):
        raise ValueError(f"direction must be {BEFORE} or {AFTER}, got {direction}")
    passing, failing, tried = 0, len(bench.parts) + 1, 0  # of so many low parts: none pass always
    middle = len(bench.parts)
    while failing - passing > 1:
        plan = half_low(bench.parts, middle, format, direction, bench.pinned)
        trial = yield from bench.try_plan(CULPRIT_TRIAL, CULPRIT_TRIAL, plan, CULPRIT_TRIAL)
        tried += 1
        passing, failing = (middle, failing) if bench.passes(trial) else (passing, middle)
        middle = (passing + failing) // 2
    none = failing > len(bench.parts)
    position = None if none else failing - 1 if direction == BEFORE else len(bench.parts) - failing
    return dict(zip(CULPRIT, (direction, format, None if none else bench.parts[position], position,
                              len(bench.parts), tried), strict=True))


def culprits(bench: TrialBench, formats: tuple[str, ...]) -> Generator[Progress, None, pd.DataFrame]:
    """Both directions, for each short format."""
    rows = []
    for format in formats:
        for direction in (BEFORE, AFTER):
            rows.append((yield from culprit(bench, format, direction)))
    return pd.DataFrame(rows, columns=list(CULPRIT))
