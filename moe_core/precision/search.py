"""The search: the smallest plan that passes the gate, or the best plan under a budget, confirmed on a third split.

Sensitivities only say which plans are worth trying; whatever is reported was measured.
"""

import math
import time
from collections.abc import Generator, Iterator
from typing import TypeVar

from moe_core.precision.baselines import UNIFORM, uniform_plan
from moe_core.precision.damage_texts import SEEDS
from moe_core.precision.optimise import BudgetError
from moe_core.precision.search_bench import Prepared, Progress, Trial, TrialBench, Wish
from moe_core.precision.search_found import ILP, Found
from moe_core.tracing.own import LoadedModel

CLOSE_ENOUGH = 1.006  # sizes this near to each other end the search
MOST_SOLVES = 10
Result = TypeVar("Result")


class Search:
    """One search as an iterator of Progress; `found` is there at its end, and seconds of CPU as they are spent."""

    def __init__(self, loaded: LoadedModel, wish: Wish, tokens: dict[str, int] | None = None,
                 known: Prepared | None = None):
        start = time.thread_time()
        self.bench = TrialBench(loaded, wish, tokens, known)
        self.wish = wish
        self.found: Found | None = None
        self.seconds = time.thread_time() - start
        self.best: Trial | None = None

    def __iter__(self) -> Iterator[Progress]:
        return self.clocked(self._run())

    def clocked(self, steps: Generator[Progress, None, Result]) -> Generator[Progress, None, Result]:
        """The same steps, their CPU time added to `seconds`; others may have their turn between two steps."""
        while True:
            start = time.thread_time()
            try:
                step = next(steps)
            except StopIteration as end:
                return end.value
            finally:
                self.seconds += time.thread_time() - start
            yield step

    def _run(self) -> Generator[Progress]:
        bench = self.bench
        yield from bench.prepare()
        if self.wish.budget is not None and self.wish.budget < bench.least():
            raise BudgetError(self.wish.budget, math.ceil(bench.least()))
        yield from self._ladder()
        if self.wish.budget is None:
            self.best = yield from self._smallest()
        else:
            self.best = yield from bench.try_plan(ILP, ILP, bench.solve(self.wish.budget), "search")
        third = yield from bench.during("third", bench.measure(self.best.plan, "third"))
        rise = third[0]
        self.found = self.summary({"delta": rise.delta, "low": rise.low, "upper": rise.upper,
                                   "passed": rise.passes(self.wish.tolerance)})

    def summary(self, third: dict | None = None) -> Found:
        """All that is known by now about the best plan by now."""
        bench, wish = self.bench, self.wish
        splits = {name: {"seed": SEEDS[name], "tokens": split.tokens, "texts": len(split.counts)}
                  for name, split in bench.splits.items()}
        gate = bench.splits["gate"]
        loss = bench.readings["gate"].losses.sum() / gate.tokens
        settings = {"model": bench.loaded.name, "model_hash": bench.loaded.hash, "tolerance": wish.tolerance,
                    "budget": wish.budget, "kind": wish.kind, "layout": wish.layout,
                    "routers_fp32": wish.routers_fp32, "seed": wish.seed, "splits": splits,
                    "perplexity": math.exp(loss), "third": third, "fp32_bytes": self._uniform_bytes("fp32"),
                    "int8_bytes": self._uniform_bytes("int8"), "least_bytes": math.ceil(bench.least()),
                    "plans_measured": len(bench.trials), "cpu_seconds": round(self.seconds, 2),
                    "engine": "storage", "device": "CPU"}
        return Found(self.best.plan, points=bench.points(self.best.plan), parts=bench.part_table(self.best.plan),
                     settings=settings)

    def _uniform_bytes(self, format: str) -> int:
        return int(self.bench.size(uniform_plan(self.bench.parts, format), "file"))

    def _ladder(self) -> Generator[Progress]:
        """Uniform formats from int8 on, shorter while they pass, else longer until one does."""
        passed = yield from self._uniform("int8")
        for format in ("int4", "int2") if passed else ("fp16", "fp32"):
            if (yield from self._uniform(format)) != passed:
                break

    def _uniform(self, format: str) -> Generator[Progress, None, bool]:
        plan = uniform_plan(self.bench.parts, format)
        return self.bench.passes((yield from self.bench.try_plan(format, UNIFORM, plan, "uniform")))

    def _smallest(self) -> Generator[Progress, None, Trial]:
        """Bisection between a size that fails and one that passes; fp32 passes always."""
        bench = self.bench
        best = yield from bench.try_plan("fp32", UNIFORM, uniform_plan(bench.parts, "fp32"), "uniform")
        low, low_upper = bench.least() / CLOSE_ENOUGH, None
        guess = self._first_guess()
        for _ in range(MOST_SOLVES):
            trial = yield from bench.try_plan(ILP, ILP, bench.solve(guess), "search")
            if bench.passes(trial):
                best = min(best, trial, key=lambda one: bench.size(one.plan))
            else:
                low, low_upper = guess, trial.rise.upper
            ends = min(filter(bench.passes, bench.trials), key=lambda one: bench.size(one.plan))  # uniform ones too
            high = bench.size(ends.plan)
            if high <= low * CLOSE_ENOUGH:
                break
            guess = max(low * (high / low) ** self._share(low_upper, ends.rise.upper), bench.least())
        return best

    def _first_guess(self) -> float:
        """Between the smallest uniform format that passes and the largest that does not."""
        bench = self.bench
        sizes = {verdict: [bench.size(trial.plan) for trial in bench.trials if bench.passes(trial) == verdict]
                 for verdict in (True, False)}
        high = min(sizes[True])
        low = max([size for size in sizes[False] if size < high], default=bench.least())
        return max(math.sqrt(low * high), bench.least())

    def _share(self, low_upper: float | None, high_upper: float) -> float:
        """How far from the failing size to the passing one the tolerance lies, if both rises are powers of the size."""
        tolerance = self.wish.tolerance
        if low_upper is None or not 0 < high_upper < tolerance < low_upper < math.inf:
            return 0.5
        share = math.log(low_upper / tolerance) / math.log(low_upper / high_upper)
        return min(max(share, 0.2), 0.8)
