"""What a format does to many tokens: one row of the table that llama.cpp prints, every mean with its interval.

It does not know tensors. Whole texts are resampled where there are 20 or more, else single tokens; neighbours in one
text are not independent, so an interval from a single text is the least doubt one should have.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from moe_core.interventions.resampling import PairedResampling
from moe_core.precision.comparison import Comparison
from moe_core.precision.formats import STORAGE_FORMATS, engines_of
from moe_core.precision.steps import Step, growing
from moe_core.statistics.intervals import Interval, wilson

SHORTER = tuple(name for name in STORAGE_FORMATS if name != "fp32")


@dataclass(frozen=True)
class Asked:
    """Which low precision is held against fp32."""

    format: str
    engine: str = "storage"
    routers: str = "short"
    replay: bool = False


def formats_of(engine: str) -> tuple[str, ...]:
    """Every format shorter than fp32 that an engine knows, the finest first."""
    return tuple(name for name in SHORTER if engine in engines_of(name))


def everything() -> list[Asked]:
    """Every format in every engine that has it: free, replayed, routers kept, and routers alone."""
    variants = [("short", False), ("short", True), ("fp32", False), ("alone", False)]
    return [Asked(format, engine, *variant) for engine in ("storage", "compute") for format in formats_of(engine)
            for variant in variants]


def report_steps(references: Sequence, asked: Sequence[Asked], seed: int = 0) -> Iterator[Step]:
    """One row per precision asked for, over all these texts (moe_core.precision.compare.Reference)."""
    doubt = Doubt([len(reference.token_ids) for reference in references], seed)

    def rows():
        for one in asked:
            found = [reference.against(one.format, one.engine, one.routers, one.replay) for reference in references]
            yield [row(found, doubt)]

    return growing(rows(), len(asked))


class Doubt:
    """The resamples that serve every number over the same texts."""

    def __init__(self, lengths: Sequence[int], seed: int = 0):
        text = np.repeat(np.arange(len(lengths)), lengths)
        has_next = np.concatenate([np.arange(length) < length - 1 for length in lengths])  # the last predicts nothing
        self.tokens, self.texts = len(text), len(lengths)
        self.all = PairedResampling(text, seed)
        self.predicting = PairedResampling(text[has_next], seed) if has_next.any() else None
        self.unit = self.all.unit

    def mean(self, values: np.ndarray) -> Interval:
        """Infinite as soon as one value is, and then without an interval."""
        return self.all.mean(values) if np.isfinite(values).all() else Interval(float(values.mean()), np.nan, np.nan)

    def share(self, holds: np.ndarray) -> Interval:
        """A part of all; where the resamples are all alike, counted by Wilson over the units instead."""
        value, low, high = self.all.mean(holds.astype(float))
        if low == high:
            units = self.texts if self.unit == "text" else self.tokens
            low, high = (float(end) for end in wilson(value * units, units))
        return Interval(value, low, high)

    def perplexity(self, rises: np.ndarray) -> Interval:
        """By which part the perplexity rises, given the rise of every loss."""
        if self.predicting is None or not np.isfinite(rises).all():
            return Interval(np.nan if self.predicting is None else np.inf, np.nan, np.nan)
        return Interval(*(float(np.expm1(value)) for value in self.predicting.mean(rises)))


def row(comparisons: Sequence[Comparison], doubt: Doubt) -> dict:
    """One format over all its texts; flips_per_layer is a list, every other entry one number or word."""
    kl = np.concatenate([one.kl for one in comparisons])
    agrees = np.concatenate([one.top1_agrees for one in comparisons])
    flips = np.concatenate([one.flips for one in comparisons], axis=1)              # (L, T)
    rises = np.concatenate([one.losses[1] - one.losses[0] for one in comparisons])
    told = {"mean_kl": doubt.mean(kl), "median_kl": doubt.all.quantile(kl, 0.5), "kl_99": doubt.all.quantile(kl, 0.99),
            "same_top1": doubt.share(agrees), "delta_perplexity": doubt.perplexity(rises),
            "any_flips": doubt.share(flips.any(0))}
    settings = {name: comparisons[0].settings[name] for name in ("format", "engine", "routers", "replay")}
    return {
        **settings, "texts": doubt.texts, "tokens": doubt.tokens, "resampled": doubt.unit,
        **{f"{name}{end}": value for name, interval in told.items()
           for end, value in zip(("", "_low", "_high"), interval, strict=True)},
        "max_kl": float(kl.max()), "flips_per_layer": flips.mean(1).tolist(),
        "overflows": float(np.mean(np.concatenate([one.overflowed for one in comparisons]))),
        "kl_in_flipped": _part_of(kl, flips.any(0)),
    }


def _part_of(kl: np.ndarray, rows: np.ndarray) -> float:
    """Which part of all the KL these rows carry; unknown where there is none or no end of it."""
    whole = kl.sum()
    return float(kl[rows].sum() / whole) if np.isfinite(whole) and whole > 0 else float("nan")
