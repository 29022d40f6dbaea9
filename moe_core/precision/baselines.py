"""Plans that need no optimiser: uniform formats, rules of thumb, and chance.

It measures nothing.
"""

import numpy as np

from moe_core.precision.parts import EMBEDDING, HEAD, kind_of
from moe_core.precision.plan import Plan

UNIFORM, ROUTER_FP32, RULE, RANDOM = "uniform", "router_fp32", "rule", "random"
LADDER = ("fp32", "fp16", "bf16", "int8", "int4", "int2")  # from long to short

# name -> kind of part -> format; "" = every other kind
RULES = {
    "experts_int4": {"expert": "int4", "router": "fp32", "": "fp16"},             # "experts int4, rest fp16"
    "experts_int2": {"expert": "int2", "router": "fp32", "": "fp16"},             # MoQE (Kim et al. 2023)
    "amp": {"router": "fp32", EMBEDDING: "fp32", HEAD: "fp32", "": "fp16"},       # long: what feeds a softmax
    "ends_int8": {EMBEDDING: "int8", HEAD: "int8", "router": "fp32", "": "int4"},  # as llama.cpp's Q4 files do
}


def uniform_plan(parts: tuple[str, ...], format: str, router: str | None = None) -> Plan:
    """Every part in one format; the routers in another, if one is given."""
    return {part: router if router and kind_of(part) == "router" else format for part in parts}


def rule_plan(parts: tuple[str, ...], rule: str) -> Plan:
    """A rule of thumb, by its name in RULES."""
    formats = RULES[rule]
    return {part: formats.get(kind_of(part), formats[""]) for part in parts}


def random_plans(parts: tuple[str, ...], formats: tuple[str, ...], count: int, seed: int,
                 pinned: Plan | None = None) -> list[Plan]:
    """Plans drawn by chance: each first draws how often it takes each format, so that the sizes spread."""
    rng = np.random.default_rng(seed)
    plans = []
    for _ in range(count):
        leaning = rng.dirichlet(np.full(len(formats), 0.7))
        plans.append(dict(zip(parts, rng.choice(formats, size=len(parts), p=leaning).tolist(), strict=True))
                     | (pinned or {}))
    return plans
