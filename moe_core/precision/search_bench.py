"""Where plans are tried: texts, what the model as it is makes of them, sizes, sensitivities, and every plan measured.

It decides nothing; search.py does. Whatever takes long yields after every short step.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
import pandas as pd

from moe_core.precision.baselines import uniform_plan
from moe_core.precision.calibration import Products, products
from moe_core.precision.damage import Damage, Reading, Steps, damage, read
from moe_core.precision.damage_bench import Bench
from moe_core.precision.damage_texts import MEASURED, Split, splits
from moe_core.precision.formats import STORAGE_FORMATS
from moe_core.precision.gate import Rise, check_tolerance, rise
from moe_core.precision.optimise import best, least
from moe_core.precision.parts import EMBEDDING, kind_of
from moe_core.precision.plan import SCALE_BYTES, Plan, part_bytes, plan_bytes
from moe_core.precision.search_found import CHOSEN, FILE, PART, POINT, TOUCHED
from moe_core.precision.sensitivity import fisher, sensitivities
from moe_core.tracing.own import LoadedModel

FORMATS = ("fp32", "fp16", "int8", "int4", "int2")  # bf16 needs fp16's room and is coarser: never the better choice
Result = TypeVar("Result")


@dataclass(frozen=True)
class Wish:
    """What the plan shall be."""

    tolerance: float = 0.005         # of the perplexity's rise: what the gate lets pass
    budget: float | None = None      # bytes; None = the smallest size that passes
    kind: str = FILE                 # which size: FILE or TOUCHED
    layout: str = "onnx"
    routers_fp32: bool = True
    seed: int = 0

    def __post_init__(self):
        check_tolerance(self.tolerance)
        if self.kind not in (FILE, TOUCHED):
            raise ValueError(f"kind of size must be {FILE} or {TOUCHED}, got {self.kind}")
        if self.layout not in SCALE_BYTES:
            raise ValueError(f"layout must be one of {', '.join(SCALE_BYTES)}, got {self.layout}")
        if self.budget is not None and not 0 < self.budget < float("inf"):
            raise ValueError(f"a budget must be a number of bytes above 0, got {self.budget}")


class Progress(NamedTuple):
    """How far a search is."""

    stage: str      # reading, sensitivity, uniform, search, third, survey, parts, culprit
    measured: int   # plans so far
    passed: float | None = None  # size of the smallest plan so far that passes


class Prepared(NamedTuple):
    """What does not depend on the wish, so that one search may begin where another of the same model has been."""

    splits: dict[str, Split]
    readings: dict[str, Reading]
    share: np.ndarray  # (P,) of the tokens that touch each part
    cost: np.ndarray   # (P, F) sensitivities
    products: Products  # by which short formats are fitted to text


class Trial(NamedTuple):
    """One plan, measured on the gate split."""

    name: str
    family: str
    plan: Plan
    rise: Rise
    damage: Damage


class TrialBench:
    """One model with its three splits; trials are kept, the same plan is measured once."""

    def __init__(self, loaded: LoadedModel, wish: Wish, tokens: dict[str, int] | None = None,
                 known: Prepared | None = None):
        self.loaded, self.wish, self.bench, self.known = loaded, wish, Bench(loaded.model), known
        config = loaded.model.config
        self.splits = known.splits if known else splits(
            loaded.tokenizer, config.max_position_embeddings, config.eos_token_id, tokens)
        self.readings: dict[str, Reading] = {}
        self.trials: list[Trial] = []
        self.parts = self.bench.parts
        self.cost = np.zeros((len(self.parts), len(FORMATS)))
        self.bytes = np.array([[part_bytes(loaded.model, part, format, wish.layout) for format in FORMATS]
                               for part in self.parts], float)
        self.norms = plan_bytes(loaded.model, uniform_plan(self.parts, "fp32"), wish.layout) - self.bytes[:, 0].sum()
        self.share = np.ones(len(self.parts))  # of the tokens that touch each part

    def prepare(self) -> Generator[Progress]:
        """Read all splits with the model as it is, and rank the parts; nothing when that was done before."""
        if self.known:
            _, self.readings, self.share, self.cost, self.bench.known = self.known
            return
        for name in MEASURED:
            self.readings[name] = yield from self.during("reading", read(self.loaded.model, self.splits[name]))
        self.share = self._shares()
        model = self.loaded.model
        self.bench.known = yield from self.during("sensitivity", products(model, self.splits["fitting"]))
        information = yield from self.during("sensitivity", fisher(model, self.splits["calibration"], self.wish.seed))
        self.cost = yield from self.during("sensitivity", sensitivities(self.bench, information, FORMATS))
        self.known = Prepared(self.splits, self.readings, self.share, self.cost, self.bench.known)

    def during(self, stage: str, steps: Steps[Result]) -> Generator[Progress, None, Result]:
        """Short steps, each with how far the search is."""
        while True:
            try:
                next(steps)
            except StopIteration as end:
                return end.value
            yield Progress(stage, len(self.trials), self._smallest_passing())

    def measure(self, plan: Plan, split: str = "gate") -> Steps[tuple[Rise, Damage]]:
        """What a plan really costs on a split."""
        texts, before = self.splits[split], self.readings[split]
        if set(plan.values()) == {"fp32"}:  # the model itself, which has been read already
            return Rise(0.0, 0.0, 0.0), Damage(before.losses, 0.0, 1.0, 0.0)
        found = yield from damage(self.loaded.model, self.bench.fit(plan), texts, before)
        return rise(before.losses, found.losses, texts.counts.numpy(), self.wish.seed), found

    def try_plan(self, name: str, family: str, plan: Plan, stage: str) -> Generator[Progress, None, Trial]:
        """A plan measured on the gate split and kept."""
        known = next((trial for trial in self.trials if trial.plan == plan), None)
        if known is None:
            measured = yield from self.during(stage, self.measure(plan))
            known = Trial(name, family, plan, *measured)
            self.trials.append(known)
        return known

    def solve(self, budget: float) -> Plan:
        """The plan of the least summed sensitivity under a budget of the wished kind."""
        cost, size = self.cost.copy(), self.sizes()
        if self.wish.routers_fp32:
            routers = [kind_of(part) == "router" for part in self.parts]
            cost[routers], size[routers] = cost[routers, :1], size[routers, :1]
        chosen = best(cost, size, budget - self.norms)
        plan = {part: FORMATS[column] for part, column in zip(self.parts, chosen, strict=True)}
        return plan | self.pinned

    @property
    def pinned(self) -> Plan:
        """Parts that have no choice."""
        return {part: "fp32" for part in self.parts if self.wish.routers_fp32 and kind_of(part) == "router"}

    def least(self) -> float:
        """The smallest size of any plan."""
        size = self.sizes()
        pinned = np.array([part in self.pinned for part in self.parts])
        return least(size[~pinned]) + float(size[pinned, 0].sum()) + self.norms

    def sizes(self) -> np.ndarray:
        """(P, F) of the wished kind."""
        return self.bytes * self.share[:, None] if self.wish.kind == TOUCHED else self.bytes.copy()

    def size(self, plan: Plan, kind: str | None = None) -> float:
        """Bytes of a plan: in the file, or touched per token on average."""
        if (kind or self.wish.kind) == FILE:
            return plan_bytes(self.loaded.model, plan, self.wish.layout)
        own = [part_bytes(self.loaded.model, part, plan[part], self.wish.layout) for part in self.parts]
        return float(np.dot(own, self.share)) + self.norms

    def passes(self, trial: Trial) -> bool:
        """Whether the gate lets a trial through."""
        return trial.rise.passes(self.wish.tolerance)

    def points(self, chosen: Plan | None) -> pd.DataFrame:
        """One row per trial, that of the chosen plan last."""
        rows = [self._point(trial) for trial in self.trials]
        rows += [self._point(trial._replace(family=CHOSEN)) for trial in self.trials if trial.plan == chosen][:1]
        return pd.DataFrame(rows, columns=list(POINT))

    def part_table(self, plan: Plan) -> pd.DataFrame:
        """One row per part: what the plan gives it, beside its load and its sensitivity (to int4)."""
        numbers = [[*(int(number) for number in part.split(".")[1:]), None, None][:2] for part in self.parts]
        rows = [(part, kind_of(part), *place, plan[part], STORAGE_FORMATS[plan[part]].bits,
                 part_bytes(self.loaded.model, part, plan[part], self.wish.layout), share, cost)
                for part, place, share, cost in
                zip(self.parts, numbers, self.share, self.cost[:, FORMATS.index("int4")], strict=True)]
        return pd.DataFrame(rows, columns=list(PART)).astype({"layer": float, "expert": float})

    def _point(self, trial: Trial) -> tuple:
        return (trial.name, trial.family, int(self.size(trial.plan, FILE)), self.size(trial.plan, TOUCHED),
                *trial.rise, trial.damage.kl, trial.damage.top1, trial.damage.flips, self.passes(trial))

    def _smallest_passing(self) -> float | None:
        sizes = [self.size(trial.plan) for trial in self.trials if self.passes(trial)]
        return min(sizes, default=None)

    def _shares(self) -> np.ndarray:
        """Experts by their measured load; all else always, but of an untied embedding one row."""
        config, routes = self.loaded.model.config, self.readings["calibration"].expert_ids
        load = np.zeros((config.num_hidden_layers, max(config.num_experts, 1)))
        for batch in routes:
            for layer, expert_ids in enumerate(batch):
                load[layer] += np.bincount(expert_ids.flatten().numpy(), minlength=load.shape[1])
        load /= self.splits["calibration"].tokens
        return np.array([_touched(part, load, config) for part in self.parts])


def _touched(part: str, load: np.ndarray, config) -> float:
    kind, *numbers = part.split(".")
    if kind == "expert":
        return float(load[int(numbers[0]), int(numbers[1])])
    return 1 / config.vocab_size if kind == EMBEDDING and not config.tie_word_embeddings else 1.0
