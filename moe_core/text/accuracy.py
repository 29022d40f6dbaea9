"""How far words, tags and names can be trusted: python -m moe_core.text, on treebanks and the world's own tags.

It measures; words, tags and names come from their own files.
"""

import json
import lzma
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from moe_core.statistics.intervals import CONFIDENCE
from moe_core.text.names import PERSON, PLACE, names
from moe_core.text.tags import words

TREEBANKS = ("pos_en_ewt_dev", "pos_en_pud", "pos_zh_gsdsimp_dev", "pos_zh_gsdsimp_test", "pos_zh_pud")
RESAMPLES = 1000


def read_treebank(path: Path) -> list[dict]:
    """Its sentences: text, tokens, upos."""
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def measured(sentences: Sequence[dict]) -> dict:
    """Segmentation F1 and tag accuracy over sentences {text, tokens, upos}, each with its 95 % interval.

    A word counts as found if both ends are right; a tag counts for every gold word that is found somewhere in the
    text and begins inside a word with that tag.
    """
    counts = np.array([_counts(sentence) for sentence in sentences], float)  # (n, 5)
    return {"sentences": len(sentences), "words": int(counts[:, 1].sum()),
            "segmentation": _score(counts, lambda sums: 2 * sums[0] / (sums[1] + sums[2])),
            "part_of_speech": _score(counts, lambda sums: sums[3] / sums[4])}


def measured_names(sentences: Sequence[tuple[str, Sequence[tuple[str, str]]]]) -> dict:
    """Precision, recall and F1 of persons' and places' names over (text, [(name, kind)])."""
    counts = np.array([_name_counts(*sentence) for sentence in sentences], float)  # (n, 3)
    return {"sentences": len(sentences), "names": int(counts[:, 1].sum()),
            "precision": _score(counts, lambda sums: sums[0] / max(sums[2], 1)),
            "recall": _score(counts, lambda sums: sums[0] / max(sums[1], 1)),
            "f1": _score(counts, lambda sums: 2 * sums[0] / max(sums[1] + sums[2], 1))}


def world_sentences(language: str, count: int) -> list[tuple[str, list[tuple[str, str]]]]:
    """Held-out sentences of the story world with their own names, which no tagger made."""
    from moe_core.corpus.sentences import sentence
    from moe_core.corpus.split import held_out

    made = (sentence(seed) for seed in range(100 * count) if held_out("plan", seed))
    found = []
    for one in made:
        tokens = getattr(one, language)
        found.append((one.text(language), [(token.text, token.entity) for token in tokens
                                           if token.entity in (PERSON, PLACE)]))
        if len(found) == count:
            break
    return found


def _counts(sentence: dict) -> tuple[int, int, int, int, int]:
    """Words found whole, gold words, our words, tags right, tags judged."""
    ours = words(sentence["text"])
    spans = {(word.start, word.end) for word in ours}
    covering = {place: word for word in ours for place in range(word.start, word.end)}
    gold, end, right = [], 0, 0
    for token, tag in zip(sentence["tokens"], sentence["upos"], strict=True):
        start = sentence["text"].find(token, end)
        if start < 0:
            continue
        end = start + len(token)
        gold.append((start, end))
        right += start in covering and covering[start].part_of_speech == tag
    return len(spans.intersection(gold)), len(gold), len(ours), right, len(gold)


def _name_counts(text: str, gold: Sequence[tuple[str, str]]) -> tuple[int, int, int]:
    """Names right, gold names, our names; a name is right with its kind."""
    ours = [(text[name.start:name.end], name.kind) for name in names(text, words(text))]
    left, right = list(gold), 0
    for name in ours:
        if name in left:
            left.remove(name)
            right += 1
    return right, len(gold), len(ours)


def _score(counts: np.ndarray, score: Callable[[np.ndarray], float]) -> dict:
    """The score of all sentences and where 95 % of resampled sentences put it."""
    rng, size = np.random.default_rng(0), len(counts)
    drawn = [score(counts[rng.integers(size, size=size)].sum(0)) for _ in range(RESAMPLES)]
    low, high = np.quantile(drawn, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return {"value": round(float(score(counts.sum(0))), 4), "low": round(float(low), 4), "high": round(float(high), 4)}
