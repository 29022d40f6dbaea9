"""Every job done on held-out examples and scored beside its baseline and, where there are any, the dense twins.

It knows answers as texts; whoever calls it brings the systems that answer.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from moe_core.statistics.intervals import Interval
from moe_core.tasks import baselines
from moe_core.tasks.examples import Example, examples
from moe_core.tasks.prompts import (
    ANSWERING,
    LABELS,
    LANGUAGES,
    MOST_TOKENS,
    RETRIEVAL,
    SENTIMENT,
    SUMMARY,
    TRANSLATION,
)
from moe_core.tasks.scores import LABEL_METRICS, PER_EXAMPLE, label_of, label_scores, mean_with_interval

MOE, BASELINE = "moe", "baseline"
SAMPLES = 3  # answers kept for reading, of each language: the first ones, not the best
LONGEST_SAMPLE = 400  # characters of a text that is kept


class Work(NamedTuple):
    """One scored job: in which languages, by which metrics (the first is the headline), against what."""

    job: str
    languages: tuple[str, ...]
    metrics: tuple[str, ...]
    baseline: str
    answer: Callable[[Sequence[Example]], list[str]] | None  # the baseline's answers
    others: dict[str, Callable[[Sequence[Example]], list[str]]] = {}  # further baselines


WORKS = {
    "translation_en_zh": Work(TRANSLATION, ("en",), ("chrf",), "dictionary", baselines.dictionary,
                              {"copy": baselines.copy}),
    "translation_zh_en": Work(TRANSLATION, ("zh",), ("chrf",), "dictionary", baselines.dictionary,
                              {"copy": baselines.copy}),
    "question_answering": Work(ANSWERING, LANGUAGES, ("exact_match", "rouge_l"), "tf_idf", baselines.look_up),
    "sentiment": Work(SENTIMENT, LANGUAGES, LABEL_METRICS, "majority", baselines.majority),
    "summary": Work(SUMMARY, LANGUAGES, ("rouge_l", "chrf"), "lead", baselines.lead),
}
Answer = Callable[[str, int], str]                      # prompt, most tokens -> answer
Reader = Callable[[Sequence[str]], "list"]              # texts -> their tokens' states, see embedding.py


def measure(systems: dict[str, Answer], count: int, seed: int = 0,
            say: Callable[[str], None] = lambda line: None) -> dict[str, dict]:
    """Every job by name; `systems` holds MOE and perhaps twins, `count` examples of each language."""
    found = {}
    for name, work in WORKS.items():
        say(name)
        asked = [example for language in work.languages for example in examples(work.job, language, count, seed)]
        given = {system: [answer(example.prompt, MOST_TOKENS[work.job]) for example in asked]
                 for system, answer in systems.items()}
        given |= {BASELINE: work.answer(asked)} | {other: make(asked) for other, make in work.others.items()}
        found[name] = judged(work, asked, given)
    return found


def judged(work: Work, asked: Sequence[Example], given: dict[str, list[str]]) -> dict:
    """The scores of everybody's answers to the same examples."""
    by_metric = {system: _scores(work, asked, answers) for system, answers in given.items()}
    headline = work.metrics[0]
    return {
        "metric": headline, **_told(by_metric[MOE][headline]), "n": len(asked), "baseline_name": work.baseline,
        "metrics": {metric: {system: _told(scores[metric]) for system, scores in by_metric.items()}
                    for metric in work.metrics},
        "by_language": {language: {system: _told(_of_language(work, asked, answers, language)[headline])
                                   for system, answers in given.items()} for language in work.languages},
        **{system: by_metric[system][headline].value if system in given else None
           for system in (BASELINE, "dense_active", "dense_total")},
        "samples": [_sample(example, answer) for language in work.languages for example, answer in
                    [pair for pair in zip(asked, given[MOE], strict=True) if pair[0].language == language][:SAMPLES]],
    }


def retrieval(readers: dict[str, Reader], count: int, seed: int = 0) -> dict:
    """Which place the story gets when its summary is asked for, as mean reciprocal rank; language by language."""
    from moe_core.tasks.retrieval import StateIndex, WordIndex, reciprocal_ranks

    ranks: dict[str, list] = {}
    by_language = {}
    for language in LANGUAGES:
        asked = examples(RETRIEVAL, language, count, seed)
        library, questions = [example.text for example in asked], [example.question for example in asked]
        indices = {system: StateIndex(read, library) for system, read in readers.items()}
        here = {system: reciprocal_ranks(index.likeness(questions), range(count))
                for system, index in (indices | {BASELINE: WordIndex(library)}).items()}
        by_language[language] = {system: _told(mean_with_interval(values)) for system, values in here.items()}
        for system, values in here.items():
            ranks.setdefault(system, []).extend(values)
    scores = {system: mean_with_interval(values) for system, values in ranks.items()}
    return {"metric": "mrr", **_told(scores[MOE]), "n": 2 * count, "baseline_name": "tf_idf", "library": count,
            "chance": sum(1 / place for place in range(1, count + 1)) / count,
            "metrics": {"mrr": {system: _told(score) for system, score in scores.items()}}, "by_language": by_language,
            **{system: scores[system].value if system in scores else None
               for system in (BASELINE, "dense_active", "dense_total")}, "samples": []}


def _scores(work: Work, asked: Sequence[Example], answers: Sequence[str]) -> dict[str, Interval]:
    wanted = [example.wanted for example in asked]
    if work.job == SENTIMENT:
        labels = [label_of(answer, LABELS[example.language]) for example, answer in zip(asked, answers, strict=True)]
        return label_scores([_meaning(label) for label in labels], [_meaning(label) for label in wanted])
    return {metric: mean_with_interval([PER_EXAMPLE[metric](*pair) for pair in zip(answers, wanted, strict=True)])
            for metric in work.metrics}


def _of_language(work: Work, asked: Sequence[Example], answers: Sequence[str], language: str) -> dict[str, Interval]:
    pairs = [pair for pair in zip(asked, answers, strict=True) if pair[0].language == language]
    return _scores(work, *zip(*pairs, strict=True))


def _meaning(label: str) -> str:
    """positive and 好评 are one label."""
    return next((LABELS["en"][labels.index(label)] for labels in LABELS.values() if label in labels), label)


def _told(score: Interval) -> dict:
    return {"value": round(score.value, 5), "low": round(score.low, 5), "high": round(score.high, 5)}


def _sample(example: Example, answer: str) -> dict:
    text = example.text if len(example.text) <= LONGEST_SAMPLE else f"…{example.text[-LONGEST_SAMPLE:]}"
    return {"language": example.language, "text": text, "question": example.question, "wanted": example.wanted,
            "given": answer}
