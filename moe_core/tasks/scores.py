"""How good answers are: exact match, chrF, ROUGE-L, labels, ranks; each with its 95 % interval over the examples.

It knows answers and what was wanted, not who answered. chrF is sacrebleu's, ROUGE-L rouge-score's.
"""

import unicodedata
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np

from moe_core.statistics.intervals import CONFIDENCE, Interval
from moe_core.text.scripts import HAN, kind_of

RESAMPLES = 1000
OTHER = "other"  # an answer that is none of the labels


def exact(given: str, wanted: str) -> float:
    """1 when both say the same but for capitals, blanks and punctuation."""
    return float(_bare(given) == _bare(wanted))


def _bare(text: str) -> str:
    kept = (char for char in unicodedata.normalize("NFKC", text).casefold()
            if unicodedata.category(char)[0] not in "PZC")
    return "".join(kept)


def chrf(given: str, wanted: str) -> float:
    """Character n-gram F-score of one sentence, 0..100 (Popović 2015; sacrebleu's chrF2)."""
    return _chrf().sentence_score(given, [wanted]).score


@cache
def _chrf():
    from sacrebleu.metrics import CHRF

    return CHRF()


def rouge_l(given: str, wanted: str) -> float:
    """F-score of the longest common run of words, with gaps, 0..1 (Lin 2004); Chinese by characters."""
    return _rouge().score(wanted, given)["rougeL"].fmeasure


@cache
def _rouge():
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(["rougeL"], tokenizer=_Units())


class _Units:
    """What rouge-score counts: English words, Chinese characters; its own tokenizer would drop the latter."""

    def tokenize(self, text: str) -> list[str]:
        apart = "".join(f" {char} " if kind_of(char) == HAN else char if char.isalnum() else " " for char in text)
        return apart.lower().split()


def mean_with_interval(values: Sequence[float], seed: int = 0) -> Interval:
    """The mean, with the percentile interval of resampled examples (Efron 1979)."""
    values = np.asarray(values, float)
    if not values.size:
        raise ValueError("at least 1 value is needed, got 0")
    means = resample_counts(len(values), seed) @ values / len(values)
    return Interval(float(values.mean()), *np.quantile(means, _ends()).tolist())


def resample_counts(size: int, seed: int, resamples: int = RESAMPLES) -> np.ndarray:
    """(resamples, size): how often each example was drawn."""
    return np.random.default_rng(seed).multinomial(size, np.full(size, 1 / size), size=resamples).astype(float)


def label_of(answer: str, labels: Sequence[str]) -> str:
    """The label an answer begins with, or OTHER."""
    return next((label for label in labels if answer.strip().lower().startswith(label)), OTHER)


LABEL_METRICS = ("accuracy", "macro_recall", "macro_f1")


def label_scores(given: Sequence[str], wanted: Sequence[str], seed: int = 0) -> dict[str, Interval]:
    """Accuracy, and recall and F1 averaged over the wanted labels; the interval resamples examples."""
    everything = np.ones((1, len(wanted)))
    (whole,) = _label_metrics(np.asarray(given), np.asarray(wanted), everything)
    drawn = _label_metrics(np.asarray(given), np.asarray(wanted), resample_counts(len(wanted), seed, 300))
    low, high = np.quantile(drawn, _ends(), axis=0)
    return {name: Interval(*map(float, row))
            for name, row in zip(LABEL_METRICS, zip(whole, low, high, strict=True), strict=True)}


def _label_metrics(given: np.ndarray, wanted: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """(R, 3) for R ways to count the examples (R, N): scikit-learn's numbers, hundreds of them at once."""
    labels = np.unique(wanted)
    is_given, is_wanted = given[:, None] == labels, wanted[:, None] == labels           # (N, L)
    hits, given_times, wanted_times = (counts @ each for each in (is_given & is_wanted, is_given, is_wanted))  # (R, L)
    recall = hits / np.maximum(wanted_times, 1)
    f1 = 2 * hits / np.maximum(given_times + wanted_times, 1)
    return np.stack([counts @ (given == wanted) / counts.sum(1), recall.mean(1), f1.mean(1)], 1)


def _ends() -> list[float]:
    return [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]


PER_EXAMPLE: dict[str, Callable[[str, str], float]] = {"exact_match": exact, "chrf": chrf, "rouge_l": rouge_l}
