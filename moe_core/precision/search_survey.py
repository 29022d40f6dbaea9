"""What surrounds a plan: the optimiser's front, uniform formats, rules of thumb, chance, and each part by itself.

None of it decides anything; all of it is measured on the same texts as the plan.
"""

from collections.abc import Generator

import numpy as np
import pandas as pd

from moe_core.precision.baselines import (
    LADDER,
    RANDOM,
    ROUTER_FP32,
    RULE,
    RULES,
    UNIFORM,
    random_plans,
    rule_plan,
    uniform_plan,
)
from moe_core.precision.search_bench import FORMATS, Progress, TrialBench
from moe_core.precision.search_found import ILP, PART_DAMAGE

FRONT_POINTS = 8
RANDOM_POINTS = 12
PART_FORMAT = "int4"


def survey(bench: TrialBench) -> Generator[Progress]:
    """Everything a plan can be held against, into the bench's trials."""
    for format in LADDER:
        yield from bench.try_plan(format, UNIFORM, uniform_plan(bench.parts, format), "survey")
    for format in ("int8", "int4", "int2"):
        yield from bench.try_plan(format, ROUTER_FP32, uniform_plan(bench.parts, format, "fp32"), "survey")
    for rule in RULES:
        yield from bench.try_plan(rule, RULE, rule_plan(bench.parts, rule), "survey")
    largest = bench.size(uniform_plan(bench.parts, "fp16"))
    for budget in np.geomspace(bench.least() * 1.02, largest, FRONT_POINTS):
        yield from bench.try_plan(ILP, ILP, bench.solve(budget), "survey")
    for plan in random_plans(bench.parts, FORMATS[1:], RANDOM_POINTS, bench.wish.seed, bench.pinned):
        yield from bench.try_plan(RANDOM, RANDOM, plan, "survey")


def part_damages(bench: TrialBench) -> Generator[Progress, None, pd.DataFrame]:
    """The measured damage of every part that alone is kept in int4, on the calibration split."""
    rows, whole = [], uniform_plan(bench.parts, "fp32")
    for column, part in enumerate(bench.parts):
        rise, damage = yield from bench.during("parts", bench.measure(whole | {part: PART_FORMAT}, "calibration"))
        bytes = int(bench.bytes[column, FORMATS.index(PART_FORMAT)])
        rows.append((part, PART_FORMAT, bytes, damage.kl, *rise))
    return pd.DataFrame(rows, columns=list(PART_DAMAGE))
