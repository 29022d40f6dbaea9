"""Which paraphrases reveal the answer of a question: by the words the answer adds to the question.

It does not know meaning; it only sees words in common.
"""

from __future__ import annotations

import re

SLOT = re.compile(r"\{(\w+)(?:\.\w+)?\}")
SMALL = re.compile(
    "(a|an|the|it|was|were|is|are|he|she|they|him|her|his|their|them|of|to|in|on|at|and|or|yes|no|not|did|do|does|had|have|has|be|been"
    "|by|with|for|from|that|this|so|very|too|but|as|up|out|one|some|because|who|what|where|when|why|how)"
)


def _english(text: str) -> set[str]:
    plain = re.sub(r"[^\w\s]", " ", SLOT.sub(r"slot\1", text).lower())
    return {re.sub(r"(ies|es|s|ed|ing|d|e)$", "", word) for word in plain.split() if not SMALL.fullmatch(word)}


def _chinese(text: str) -> set[str]:
    slots = {f"slot{name}" for name in SLOT.findall(text)}
    runs = re.findall(r"[\u4e00-\u9fff]+", SLOT.sub("。", text))
    return slots | {run[i : i + 2] for run in runs for i in range(len(run) - 1)}


def answered_by(question: str, answer: str, paraphrases: list[str], lang: str) -> list[int]:
    """Indices of the paraphrases that hold at least half of what the answer adds to the question."""
    words = _english if lang == "en" else _chinese
    added = words(answer) - words(question)
    if not added:
        return list(range(len(paraphrases)))
    return [i for i, text in enumerate(paraphrases) if 2 * len(added & words(text)) >= len(added)]
