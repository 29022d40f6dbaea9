"""The texts that the tab *Experts* speaks of, and every count over them, made once and when first asked for.

It does not know who looks: visitors who look at the same texts share the counts.
"""

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import cache, cached_property, lru_cache, partial
from pathlib import Path

import pandas as pd

from app import shipped
from app.observing import KINDS, PORTRAYED
from moe_core.statistics.balance import balance_table
from moe_core.statistics.coactivation import coactivation_table
from moe_core.statistics.coverage import coverage_table
from moe_core.statistics.divergence import divergence_table
from moe_core.statistics.intervals import CONFIDENCE
from moe_core.statistics.load import load_table
from moe_core.statistics.portrait import portrait_table
from moe_core.statistics.predictability import predictability_table
from moe_core.statistics.reads import reads_table
from moe_core.statistics.repeats import repeats_table
from moe_core.statistics.specialisation import mutual_information_table, specialisation_table
from moe_core.tracing import corpus as routed
from moe_core.tracing.corpus import CorpusError, RoutedCorpus
from moe_core.tracing.trace import RoutingTrace

RECORDING = Path(os.environ.get("MOESCOPE_PROBES", shipped.TRACES / "probes.json"))
LANGUAGES = ("en", "zh")
_LOADING = threading.Lock()  # whoever comes second finds the file read
TEXTS_KEPT = 16  # visitors' own texts whose counts are kept


class NotEnough(ValueError):
    """These texts are too few or too short for this count."""


class Evidence:
    """Routed texts and the tables counted over them."""

    def __init__(self, corpus: RoutedCorpus, trace: RoutingTrace | None = None):
        self.corpus, self.trace = corpus, trace  # trace: the visitor's text; None for the recorded corpus
        self.routing = corpus.routing()
        self._tables: dict[tuple, pd.DataFrame] = {}
        self._counting = threading.RLock()

    @property
    def texts(self) -> int:
        return int(self.corpus.tokens["text"].nunique())

    @cached_property
    def tokens_of_one_layer(self) -> pd.DataFrame:
        """One row per token with all its labels."""
        first = self.routing["layer"].iloc[0]
        return self.routing[(self.routing["layer"] == first) & (self.routing["expert"] == 0)]

    @property
    def languages(self) -> list[str]:
        """Of English and Chinese, those that occur."""
        return [language for language in LANGUAGES if (self.corpus.tokens["language"] == language).any()]

    def table(self, name: str, *choice: str) -> pd.DataFrame:
        """One of COUNTS, perhaps of one kind or language; counted at the first call."""
        with self._counting:
            if (name, *choice) not in self._tables:
                try:
                    self._tables[name, *choice] = COUNTS[name](self.routing, *choice)
                except ValueError as error:
                    raise NotEnough(str(error)) from error
            return self._tables[name, *choice]

    def count_all(self) -> None:
        """Count everything before anybody asks, so that no click need wait."""
        choices = {"kinds": KINDS, "information": KINDS, "likes": KINDS, "reads": self.languages}
        for name in COUNTS:
            for choice in choices.get(name, [None]):
                with suppress(NotEnough):
                    self.table(name, *filter(None, [choice]))


def recorded() -> Evidence:
    """The shipped corpus of probe texts; CorpusError if its file is missing or damaged."""
    changed = RECORDING.stat().st_mtime_ns if RECORDING.exists() else 0
    with _LOADING:
        return _load(RECORDING, changed)


@cache
def count_ahead() -> None:
    """Begin to count the recorded corpus in the background; a second call does nothing."""
    def count() -> None:
        with suppress(CorpusError):  # the tab itself will say so
            recorded().count_all()

    threading.Thread(target=count, name="counting", daemon=True).start()


@lru_cache(maxsize=TEXTS_KEPT)
def of_text(trace: RoutingTrace) -> Evidence:
    """One visitor's text; traces are told apart by identity."""
    return Evidence(routed.corpus_of([trace]), trace)


@lru_cache(maxsize=TEXTS_KEPT)
def contrast_of(a: RoutingTrace, b: RoutingTrace) -> pd.DataFrame:
    """How differently two visitors' texts use the experts."""
    return divergence_table(*(routed.corpus_of([trace]).routing() for trace in (a, b)))


@lru_cache(maxsize=2)
def _load(path: Path, changed: int) -> Evidence:
    return Evidence(routed.load(path))


def _sorted_by(count: Callable, routing: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Where all tokens are of one kind, there is nothing to prefer."""
    if routing[kind].nunique() < 2:
        raise NotEnough(f"all tokens have the same {kind}")
    return count(routing, kind)


def _of_language(routing: pd.DataFrame, language: str) -> pd.DataFrame:
    return routing[routing["language"] == language]


def _surely_preferred(routing: pd.DataFrame, kind: str) -> pd.DataFrame:
    """The preferences with intervals that stay true for all cells of one label at once (Bonferroni)."""
    cells = routing["layer"].nunique() * routing["expert"].nunique()
    return specialisation_table(routing, kind, 1 - (1 - CONFIDENCE) / cells)


COUNTS = {
    "load": load_table, "balance": balance_table, "together": coactivation_table, "repeats": repeats_table,
    "coverage": coverage_table, "guess": predictability_table, "kinds": partial(_sorted_by, specialisation_table),
    "information": partial(_sorted_by, mutual_information_table),
    "likes": partial(_sorted_by, _surely_preferred),
    "portrait": lambda routing: portrait_table(
        routing, tuple(kind for kind in PORTRAYED if routing[kind].notna().any())),
    "reads": lambda routing, language: reads_table(_of_language(routing, language)),
    "contrast": lambda routing: divergence_table(*(_of_language(routing, language) for language in LANGUAGES)),
}
