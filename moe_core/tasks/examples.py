"""Held-out examples of every job with the answer that is wanted, made from seeds that training never saw.

It knows the corpus and no model. The same seed gives the same examples.
"""

import random
from collections.abc import Callable, Iterator
from typing import NamedTuple

from moe_core.corpus import documents
from moe_core.corpus.reviews import review
from moe_core.corpus.split import held_out
from moe_core.tasks.prompts import ANSWERING, FREE, RETRIEVAL, SENTIMENT, SUMMARY, TRANSLATION, prompt_of

LONGEST = {"en": 1300, "zh": 450}  # characters of a text, so that text and answer fit the smallest context
OPENING = {"en": 40, "zh": 14}     # characters of a beginning that is to be continued


class Example(NamedTuple):
    """One piece of work and what it should give."""

    job: str
    language: str   # of what is given; a translation answers in the other one
    text: str
    question: str
    wanted: str

    @property
    def prompt(self) -> str:
        return prompt_of(self.job, self.language, self.text, self.question)


def examples(job: str, language: str, count: int, seed: int = 0, evaluation: bool = True) -> list[Example]:
    """So many different examples; `evaluation=False` takes the plans that training may have seen."""
    found: dict[tuple, Example] = {}
    for plan in _plans(f"{job}-{language}-{seed}", evaluation):
        made = MAKERS[job](plan, language)
        if made is not None and len(made.text) <= LONGEST[language]:
            found.setdefault((made.text, made.question), made)
        if len(found) >= count:
            return list(found.values())
    raise AssertionError("plans never end")


def _plans(name: str, evaluation: bool) -> Iterator[int]:
    pick = random.Random(f"examples-{name}")
    while True:
        plan = pick.getrandbits(40)
        if held_out("plan", plan) == evaluation:
            yield plan


def _translation(plan: int, language: str) -> Example:
    pick = random.Random(f"translate-{plan}")
    maker = pick.choices(tuple(documents.PAIR_MAKERS), tuple(documents.PAIR_MAKERS.values()))[0]
    english, chinese = (" ".join(text.split()) for text in maker(plan * 8))
    given, wanted = (english, chinese) if language == "en" else (chinese, english)
    return Example(TRANSLATION, language, given, "", wanted)


def _answering(plan: int, language: str) -> Example | None:
    told = documents.told_story(plan, language)
    if not told.questions:
        return None
    question, answer = random.Random(f"ask-{plan}").choice(told.questions)
    return Example(ANSWERING, language, told.text, question, answer)


def _sentiment(plan: int, language: str) -> Example:
    text, label = review(plan, language)
    return Example(SENTIMENT, language, text, "", label)


def _summary(plan: int, language: str) -> Example:
    told = documents.told_story(plan, language)
    return Example(SUMMARY, language, told.text, "", told.summary)


def _retrieval(plan: int, language: str) -> Example:
    """What is asked for stands in `question`: a summary, whose story must be found."""
    told = documents.told_story(plan, language)
    return Example(RETRIEVAL, language, told.text, told.summary, told.text)


def _free(plan: int, language: str) -> Example:
    """The beginning of a page of any kind."""
    domain = random.Random(f"open-{plan}").choice(("story", "learning", "diary"))
    _, text = documents.MAKERS[f"{domain}_{language}"](plan)
    return Example(FREE, language, opening(text, language), "", "")


def opening(text: str, language: str) -> str:
    """The first few words, cut between words."""
    line = text.split("\n")[0]
    if len(line) <= OPENING[language]:
        return line
    short = line[:OPENING[language]]
    return short.rpartition(" ")[0] or short if language == "en" else short


MAKERS: dict[str, Callable[[int, str], Example | None]] = {
    TRANSLATION: _translation, ANSWERING: _answering, SENTIMENT: _sentiment, SUMMARY: _summary, FREE: _free,
    RETRIEVAL: _retrieval}
