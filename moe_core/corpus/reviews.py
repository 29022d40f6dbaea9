"""Small reviews with a feeling, the same opinion in English and in Chinese.

It does not know stories.
"""

from __future__ import annotations

import json
import random
from functools import lru_cache

from moe_core.corpus.lexicon import WORLD

LABELS = {"good": ("positive", "好评"), "bad": ("negative", "差评")}


@lru_cache(maxsize=1)
def _words() -> dict:
    return json.loads((WORLD / "reviews.json").read_text(encoding="utf-8"))


def review(seed: int, lang: str) -> tuple[str, str]:
    """(text, label): a short opinion, and its feeling in the same language."""
    pick = random.Random(f"review-{seed}")
    words, index = _words(), int(lang == "zh")
    feeling = pick.choice(("good", "bad"))
    kind = pick.choice(tuple(words["things"]))
    thing = pick.choice(words["things"][kind])
    reasons = pick.sample(words[feeling][kind], pick.randint(1, 3))
    start = pick.choice(words["start"][kind])[index].format(t=thing[index], c=words["classifier"][thing[1]])
    verdict = pick.choice(words["verdict"][feeling])
    said = [start, *(reason[index] for reason in reasons), *([verdict[index]] * (pick.random() < 0.7))]
    return (" " if lang == "en" else "").join(said), LABELS[feeling][index]
