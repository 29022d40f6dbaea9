"""One maker for each domain of the world: a seed becomes (language, text).

It does not know the mixture.
"""

from __future__ import annotations

import random

from moe_core.corpus.drills import arithmetic
from moe_core.corpus.learning import learning_page
from moe_core.corpus.plan import plan_story
from moe_core.corpus.programs import program
from moe_core.corpus.reviews import review
from moe_core.corpus.story import Story, tell

ASK = {"en": ("Question: {}\nAnswer: {}",), "zh": ("问题：{}\n回答：{}",)}
SUM_UP = {"en": "Summary: {}", "zh": "总结：{}"}
MORAL = {"en": "Lesson: {}", "zh": "道理：{}"}
FEELING = {"en": "Feeling: {}", "zh": "感受：{}"}


def _story(seed: int, lang: str) -> Story:
    pick = random.Random(f"document-{seed}")
    return tell(plan_story(seed), lang, telling=pick.randrange(4), latin_names=pick.random() < 0.15)


def story(seed: int, lang: str) -> tuple[str, str]:
    """A story; one in four under its title."""
    told = _story(seed, lang)
    pick = random.Random(f"title-{seed}")
    return lang, f"{told.title}\n{told.text}" if pick.random() < 0.25 else told.text


def story_with_task(seed: int, lang: str) -> tuple[str, str]:
    """A story, then questions with answers, or its summary, its lesson or its last feeling."""
    told = _story(seed, lang)
    pick = random.Random(f"task-{seed}")
    kind = pick.random()
    if kind < 0.6 and told.questions:
        asked = pick.sample(told.questions, min(len(told.questions), pick.randint(1, 3)))
        tail = "\n".join(ASK[lang][0].format(q, a) for q, a in asked)
    elif kind < 0.85:
        tail = SUM_UP[lang].format(told.summary)
    else:
        tail = MORAL[lang].format(told.moral) if kind < 0.92 else FEELING[lang].format(told.feeling)
    return lang, f"{told.text}\n{tail}"


def learning(seed: int, lang: str) -> tuple[str, str]:
    """A first-person page about learning."""
    return lang, learning_page(seed)[lang == "zh"]


def pair(seed: int) -> tuple[str, str]:
    """The same thought in both languages, either first."""
    pick = random.Random(f"pair-{seed}")
    kind = pick.random()
    if kind < 0.35:
        english, chinese = learning_page(seed)
    elif kind < 0.5:
        english, chinese = review(seed, "en")[0], review(seed, "zh")[0]
    else:
        english, chinese = parallel_sentences(seed, pick)
    return "both", translation(english, chinese, pick)


def parallel_sentences(seed: int, pick: random.Random) -> tuple[str, str]:
    """A background sentence of the world told in both languages."""
    from moe_core.corpus.scenes import scene_pair

    return scene_pair(plan_story(seed), pick)


def translation(english: str, chinese: str, pick: random.Random) -> str:
    """One translation task, in one of the two directions."""
    if pick.random() < 0.5:
        return f"English: {english}\nChinese: {chinese}"
    return f"中文：{chinese}\n英文：{english}"


def opinion(seed: int, lang: str) -> tuple[str, str]:
    """A review and its feeling."""
    text, label = review(seed, lang)
    return lang, f"{text}\n{FEELING[lang].format(label)}"


MAKERS = {
    "story_en": lambda seed: story(seed, "en"),
    "story_zh": lambda seed: story(seed, "zh"),
    "story_task_en": lambda seed: story_with_task(seed, "en"),
    "story_task_zh": lambda seed: story_with_task(seed, "zh"),
    "learning_en": lambda seed: learning(seed, "en"),
    "learning_zh": lambda seed: learning(seed, "zh"),
    "pair_world": pair,
    "arithmetic": arithmetic,
    "code": lambda seed: ("python", program(seed)),
    "review_en": lambda seed: opinion(seed, "en"),
    "review_zh": lambda seed: opinion(seed, "zh"),
}
