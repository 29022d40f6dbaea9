"""The stream of training documents: a seeded mixture of the story world and the outside sources.

The domain stands beside a document, never inside its text.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from moe_core.corpus import documents, outside
from moe_core.corpus.split import held_out

# domain -> documents out of 1,000
WORLD_SHARES = {
    "story_en": 145, "story_zh": 160, "story_task_en": 75, "story_task_zh": 85, "learning_en": 55, "learning_zh": 110,
    "pair_world": 115, "arithmetic": 55, "code": 35, "review_en": 25, "review_zh": 30, "by_hand_en": 2, "by_hand_zh": 2,
    "dialogue_en": 25, "dialogue_zh": 30, "diary_en": 25, "diary_zh": 35, "fact_en": 12, "fact_zh": 15,
}
OUTSIDE_SHARES = {
    "pair_outside": 75, "poem": 35, "book_en": 60, "storybook_en": 8, "storybook_zh": 4, "sentences_en": 10,
}


@dataclass(frozen=True)
class Document:
    """One training text, with what we know of it."""

    domain: str
    lang: str
    text: str


def stream(seed: int, folder: Path | None = None, evaluation: bool = False) -> Iterator[Document]:
    """Documents without end, the same for the same seed and folder; the two splits share no plan and no record."""
    pick = random.Random(f"mixture-{seed}-{evaluation}")
    shares = WORLD_SHARES | (OUTSIDE_SHARES if folder else {})
    records = outside.Records(folder, evaluation) if folder else None
    for domain in _domains(shares, pick):
        if domain in OUTSIDE_SHARES:
            yield Document(domain, *records.document(domain, pick))
        else:
            yield Document(domain, *documents.MAKERS[domain](_plan_seed(pick, evaluation)))


def _domains(shares: dict[str, int], pick: random.Random) -> Iterator[str]:
    names, weights = list(shares), list(shares.values())
    for _ in itertools.count():
        yield from pick.choices(names, weights, k=256)


def _plan_seed(pick: random.Random, evaluation: bool) -> int:
    while True:
        seed = pick.getrandbits(40)
        if held_out("plan", seed) == evaluation:
            return seed
