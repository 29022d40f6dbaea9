"""Every strategy on the same text, tokens and seeds: one row a run, appended to a CSV file as it is measured.

It goes on where the file ends, so that it can be made in pieces.
"""

import csv
import json
import time
import zlib
from collections.abc import Callable, Generator, Iterator
from dataclasses import fields
from pathlib import Path

import pandas as pd

from moe_core.lab.dials import FUSIONS, PRECISIONS, SELECTIONS, SHARINGS, LabDials
from moe_core.lab.errors import LabError

TABLE = Path(__file__).resolve().parents[2] / "assets" / "words" / "strategies.csv"
SEEDS = (0, 1, 2)
SMALL = {"experts": 8, "k": 2, "width": 32, "layers": 2, "expert_width": 32, "length": 32, "batch": 8, "steps": 300,
         "vocabulary": 512, "learning_rate": 6e-3, "twin": False, "seconds": 120.0}
LEAST_STEPS = 20  # the warm-up; SMALL's steps are the most, so that no more is asked of the page than was recorded
USUAL, DENSE = "usual", "dense"  # softmax top-k, nothing shared, weighted by gate, balanced, fp32; and its dense twin
KINDS = {"selection": SELECTIONS[1:], "sharing": SHARINGS[1:], "fusion": FUSIONS[1:], "balance": ("0",),
         "precision": PRECISIONS[1:]}  # what differs from the usual in one thing
COLUMNS = ("kind", "strategy", "seed", "parameters", "active", "tokens", "loss", "max_violation", "tokens_per_second",
           "state", "text", "dials")
Cell = tuple[str, str, int]  # kind, strategy, seed


def cells(seeds: tuple[int, ...] = SEEDS) -> list[Cell]:
    """All that is measured: the usual mixture, its dense twin, and every strategy in the place of the usual one."""
    kinds = {USUAL: (USUAL,), DENSE: (DENSE,), **KINDS}
    found = [(kind, name, seed) for seed in seeds for kind, names in kinds.items() for name in names]
    return sorted(found, key=lambda cell: cell[0] == "precision")  # short formats are slow here: last


def dials_of(kind: str, strategy: str, seed: int, steps: int = SMALL["steps"]) -> LabDials:
    """The small model with one thing exchanged."""
    value = float(strategy) if kind == "balance" else strategy
    return LabDials(**{**SMALL, "steps": steps}, seed=seed, **({kind: value} if kind in KINDS else {}))


def again(text, seed: int, steps: int) -> Iterator[dict | None]:
    """Every strategy once more, with one seed: its row after each, None after every step; LabError for other steps."""
    checked_steps(steps)
    for cell in cells((seed,)):
        yield (yield from _stepwise(cell, text, steps))


def checked_steps(steps: int) -> int:
    """The number itself, or a LabError with what is possible."""
    if not LEAST_STEPS <= steps <= SMALL["steps"]:
        raise LabError("dial", name="steps", allowed=f"{LEAST_STEPS}..{SMALL['steps']}", value=steps)
    return steps


def measure(path: Path, seconds: float, say: Callable[[str], None]) -> bool:
    """Measure what the file lacks, until the time is over; whether it is complete now."""
    from moe_core.lab.texts import prepared

    end, text = time.monotonic() + seconds, None
    for cell in missing(path):
        if time.monotonic() > end:
            return False
        text = text or _same(path, prepared("stories", "", SMALL["vocabulary"], SMALL["length"]))
        row = run(cell, text)
        _append(path, row)
        say(f"{row['kind']} {row['strategy']}, seed {row['seed']}: loss {row['loss']}, "
            f"MaxVio {row['max_violation']}, {row['tokens_per_second']} tokens per second of processor time")
    return True


def missing(path: Path) -> Iterator[Cell]:
    """What the file has no row for."""
    known = {tuple(row) for row in _rows(path)[["kind", "strategy", "seed"]].astype(str).to_numpy().tolist()}
    return iter([cell for cell in cells() if tuple(map(str, cell)) not in known])


def run(cell: Cell, text) -> dict:
    """One run: how well it ends on the held-out text, how even its load was, what it cost in processor time."""
    steps = _stepwise(cell, text, SMALL["steps"])
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def _stepwise(cell: Cell, text, steps: int) -> Generator[None, None, dict]:
    """A run that rests after every step; its row at the end."""
    from moe_core.lab.learner import Diverged, Learner

    kind, strategy, seed = cell
    dials = dials_of(*cell, steps)
    learner, state, worst = Learner(dials, text, dense=kind == DENSE), "finished", []
    began = time.process_time()
    try:
        for _ in range(dials.steps):
            learner.learn()
            if learner.step > dials.steps * 0.8:
                worst += [max(shares) * len(shares) - 1 for shares in learner.loads()]
            yield
    except Diverged:
        state = "diverged"
    spent, tokens = time.process_time() - began, learner.step * dials.batch * dials.length
    return {"kind": kind, "strategy": strategy, "seed": seed, "parameters": learner.parameters,
            "active": learner.model.active_parameters(), "tokens": tokens, "loss": round(learner.judge().moe, 5),
            "max_violation": round(sum(worst) / len(worst), 4) if worst else "",
            "tokens_per_second": round(tokens / max(spent, 1e-9)), "state": state, "text": fingerprint(text),
            "dials": json.dumps(dials.as_json(), sort_keys=True)}


def fingerprint(text) -> str:
    """Tells one list of token ids from another."""
    return f"{zlib.crc32(text.training.numpy().tobytes()):08x}"


def _same(path: Path, text):
    """This text, if it is the one that the file was measured on."""
    others = set(_rows(path)["text"]) - {fingerprint(text)}
    if others:
        raise ValueError(f"{path} was measured on another text or tokenizer; move it away to measure anew")
    return text


def summary(path: Path = TABLE) -> pd.DataFrame:
    """What the file tells, one row a strategy."""
    return summed(_rows(path))


def summed(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a strategy: means over its seeds, and how far the losses spread (standard deviation; one seed: NaN)."""
    if rows.empty:
        return pd.DataFrame(columns=["kind", "strategy", "seeds", "parameters", "active", "loss", "spread",
                                     "max_violation", "tokens_per_second", "diverged"])
    rows = rows.assign(max_violation=pd.to_numeric(rows["max_violation"]))
    grouped = rows.groupby(["kind", "strategy"], sort=False)
    return grouped.agg(seeds=("seed", "nunique"), parameters=("parameters", "first"), active=("active", "first"),
                       loss=("loss", "mean"), spread=("loss", "std"), max_violation=("max_violation", "mean"),
                       tokens_per_second=("tokens_per_second", "median"),
                       diverged=("state", lambda states: int((states == "diverged").sum()))).reset_index()


def shape(path: Path = TABLE) -> dict:
    """What all runs of the file had in common."""
    rows = _rows(path)
    known = json.loads(rows["dials"].iloc[0]) if len(rows) else LabDials(**SMALL).as_json()
    return {name.name: known[name.name] for name in fields(LabDials) if name.name in SMALL}


def _rows(path: Path) -> pd.DataFrame:
    if not Path(path).is_file():
        return pd.DataFrame(columns=list(COLUMNS))
    return pd.read_csv(path, dtype={"strategy": str, "text": str}, keep_default_na=False,
                       na_values={"max_violation": [""]})


def _append(path: Path, row: dict) -> None:
    new = not Path(path).is_file()
    with Path(path).open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerow(row)
