"""Paraphrases made ready to fill: capitals and pronouns decided once, when the file is read.

It does not know which story a paraphrase will stand in.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from moe_core.corpus.lexicon import capital

SLOT = re.compile(r"\{(\w+)(\.\w+)?\}")
PEOPLE = ("hero", "friend", "elder", "helper", "teacher", "robot")
STARTS = re.compile(r'(?:^|(?<=[.!?] )|(?<=\." )|(?:(?<=^")|(?<= ")))\{(\w+)(\.they|\.their|\.the|\.a)?\}')
HERO_SUBJECT = re.compile(r"(?:^|(?<=[.!?] ))\{hero(?:\.Cap)?\}(?= [a-z])(?! and )")
HERO_OWNER = re.compile(r"\{hero(?:\.Cap)?\}'s")
HERO_ZH = re.compile(r"(?:^|(?<=[。！？]))\{hero\}(?![和跟家与的])")


class Paraphrase(NamedTuple):
    """One way to tell an event, and the same with a pronoun for the hero."""

    text: str
    with_pronoun: str
    people: tuple[str, ...]


def _raise(match: re.Match) -> str:
    role, form = match.groups()
    return f"{{{role}.{capital(form[1:]) if form else 'Cap'}}}"


def people_in(text: str) -> tuple[str, ...]:
    """The roles of persons a template names, in order."""
    return tuple(m.group(1) for m in SLOT.finditer(text) if m.group(1) in PEOPLE)


def english(text: str) -> Paraphrase:
    """Raise slots that begin a sentence; prepare the pronoun form."""
    raised = STARTS.sub(_raise, text)
    pronoun = HERO_SUBJECT.sub("{hero.They}", raised, count=1)
    if pronoun == raised and raised.startswith(("{hero}'s", "{hero.Cap}'s")):
        pronoun = HERO_OWNER.sub("{hero.Their}", raised, count=1)
    return Paraphrase(raised, pronoun, people_in(text))


def chinese(text: str) -> Paraphrase:
    """Prepare the pronoun form."""
    return Paraphrase(text, HERO_ZH.sub("{hero.ta}", text, count=1), people_in(text))
