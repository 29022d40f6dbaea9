"""One maker for each domain of the world: a seed becomes (language, text).

It does not know the mixture.
"""

from __future__ import annotations

import json
import random
from functools import cache

from moe_core.corpus.drills import arithmetic
from moe_core.corpus.facts import ASK, fact_page, fact_pair
from moe_core.corpus.learning import learning_page
from moe_core.corpus.lexicon import WORLD
from moe_core.corpus.pages import dialogue, diary, page_pair
from moe_core.corpus.plan import plan_story, plots
from moe_core.corpus.programs import program
from moe_core.corpus.reviews import review
from moe_core.corpus.scenes import scene_pair
from moe_core.corpus.sentences import sentence
from moe_core.corpus.split import held_out
from moe_core.corpus.story import Story, events, tell, told_pair

SUM_UP = {"en": "Summary: {}", "zh": "总结：{}"}
MORAL = {"en": "Lesson: {}", "zh": "道理：{}"}
FEELING = {"en": "Feeling: {}", "zh": "感受：{}"}


def told_story(seed: int, lang: str) -> Story:
    """The story of one seed, its questions and its summary."""
    pick = random.Random(f"document-{seed}")
    return tell(plan_story(seed), lang, telling=pick.randrange(4), latin_names=pick.random() < 0.15)


def story(seed: int, lang: str) -> tuple[str, str]:
    """A story; one in four under its title."""
    told = told_story(seed, lang)
    pick = random.Random(f"title-{seed}")
    return lang, f"{told.title}\n{told.text}" if pick.random() < 0.25 else told.text


def story_with_task(seed: int, lang: str) -> tuple[str, str]:
    """A story, then questions with answers, or its summary, its lesson or its last feeling."""
    told = told_story(seed, lang)
    pick = random.Random(f"task-{seed}")
    kind = pick.random()
    if kind < 0.6 and told.questions:
        asked = pick.sample(told.questions, min(len(told.questions), pick.randint(1, 3)))
        tail = "\n".join(ASK[lang].format(q, a) for q, a in asked)
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
    maker = pick.choices(tuple(PAIR_MAKERS), tuple(PAIR_MAKERS.values()))[0]
    count = 1 if maker in (learning_page, _turn_pair) else pick.randint(2, 6)
    line = pick.choice(TRANSLATION)
    pairs = [maker(seed * 8 + number) for number in range(count)]
    return "both", "\n".join(line.format(en=english, zh=chinese) for english, chinese in pairs)


TRANSLATION = ("English: {en}\nChinese: {zh}", "中文：{zh}\n英文：{en}")


def _sentence_pair(seed: int) -> tuple[str, str]:
    made = sentence(seed)
    return made.text("en"), made.text("zh")


def _scene_pair(seed: int) -> tuple[str, str]:
    return scene_pair(plan_story(seed), random.Random(f"scene-{seed}"))


def _review_pair(seed: int) -> tuple[str, str]:
    return review(seed, "en")[0], review(seed, "zh")[0]


def _turn_pair(seed: int) -> tuple[str, str]:
    english, chinese, _ = page_pair(random.Random(f"turn-{seed}").choice(("dialogues", "diary")), seed)
    return " ".join(english), "".join(chinese)


def _summary_pair(seed: int) -> tuple[str, str]:
    """A summary or a lesson: the same sentence of a plot in both languages."""
    pick = random.Random(f"summary-{seed}")
    plan = plan_story(seed)
    both = plots()[plan.plot][pick.choice(("summary", "summary", "moral"))]
    index = pick.randrange(min(len(both["en"]), len(both["zh"])))
    return told_pair(plan, both["en"][index], both["zh"][index])


def _event_pair(seed: int) -> tuple[str, str]:
    """One telling of one event whose paraphrases were written side by side."""
    pick = random.Random(f"event-{seed}")
    plan = plan_story(seed)
    layered = [events()[name] for name in plan.events if events()[name].layered]
    if not layered:
        return _summary_pair(seed)
    told = pick.choice(layered).told
    index = pick.randrange(min(len(told["en"]), len(told["zh"])))
    return told_pair(plan, told["en"][index].text, told["zh"][index].text)


PAIR_MAKERS = {_sentence_pair: 35, _scene_pair: 10, learning_page: 15, _review_pair: 6, _turn_pair: 12, fact_pair: 6,
               _summary_pair: 10, _event_pair: 16}


def opinion(seed: int, lang: str) -> tuple[str, str]:
    """A review and its feeling."""
    text, label = review(seed, lang)
    return lang, f"{text}\n{FEELING[lang].format(label)}"


def by_hand(seed: int, lang: str) -> tuple[str, str]:
    """One of the stories written by hand, as it is, or with a question or its summary."""
    pick = random.Random(f"by-hand-{seed}")
    told = pick.choice(hand_written(held_out("plan", seed)))
    asked = ASK[lang].format(*pick.choice(told["questions"][lang]))
    tail = pick.choice(("", asked, SUM_UP[lang].format(told["summary"][lang])))
    title = told["title"][lang] + "\n" if pick.random() < 0.3 else ""
    return lang, f"{title}{told[lang]}\n{tail}".rstrip("\n")


@cache
def hand_written(evaluation: bool) -> tuple[dict, ...]:
    """The stories written by hand, on one side of the split: one in ten is kept for evaluation."""
    lines = (WORLD / "stories_by_hand.jsonl").read_text(encoding="utf-8").splitlines()
    stories = [json.loads(line) for line in lines]
    return tuple(story for story in stories if held_out("by_hand", story["id"], 10) == evaluation)


MAKERS = {
    "by_hand_en": lambda seed: by_hand(seed, "en"),
    "by_hand_zh": lambda seed: by_hand(seed, "zh"),
    "dialogue_en": lambda seed: ("en", dialogue(seed, "en")),
    "dialogue_zh": lambda seed: ("zh", dialogue(seed, "zh")),
    "diary_en": lambda seed: ("en", diary(seed, "en")),
    "diary_zh": lambda seed: ("zh", diary(seed, "zh")),
    "fact_en": lambda seed: ("en", fact_page(seed, "en")),
    "fact_zh": lambda seed: ("zh", fact_page(seed, "zh")),
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
