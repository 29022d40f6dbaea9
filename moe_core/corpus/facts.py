"""Small facts about the world, computers and AI, as questions with answers or as plain statements.

It does not know stories.
"""

from __future__ import annotations

import json
import random
from functools import cache

from moe_core.corpus.lexicon import WORLD
from moe_core.corpus.sentences import existence, kind

ASK = {"en": "Question: {}\nAnswer: {}", "zh": "问题：{}\n回答：{}"}


# answers that need their question
LEANING = ("Because", "No", "Yes", "It ", "They ", "You should", "In ", "Red,", "Many ", "因为", "不会", "会，",
           "可以", "应该", "水会", "很多人", "它", "吃")


@cache
def facts() -> tuple[tuple[str, str, str, str], ...]:
    """(question, answer) in English, then in Chinese."""
    return tuple(map(tuple, json.loads((WORLD / "facts.json").read_text(encoding="utf-8"))))


def fact_pair(seed: int) -> tuple[str, str]:
    """One answer, or one question with its answer, in both languages."""
    pick = random.Random(f"fact-pair-{seed}")
    ask_en, answer_en, ask_zh, answer_zh = pick.choice(facts())
    return pick.choice(((answer_en, answer_zh), (f"{ask_en} {answer_en}", f"{ask_zh}{answer_zh}")))


def fact_page(seed: int, lang: str) -> str:
    """A few facts of the world, asked and answered or only told."""
    pick = random.Random(f"facts-{seed}")
    first = 0 if lang == "en" else 2
    chosen = [(fact[first], fact[first + 1]) for fact in pick.sample(facts(), pick.randint(2, 5))]
    if pick.random() < 0.6:
        return "\n".join(ASK[lang].format(*one) for one in chosen)
    told = [answer for _, answer in chosen if not answer.startswith(LEANING)]
    told += [kind(pick).text(lang), existence(pick).text(lang)]
    pick.shuffle(told)
    return (" " if lang == "en" else "").join(told)
