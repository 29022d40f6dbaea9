"""The small story library that can be searched: the stories written by hand, and held-out stories of the story world.

It knows no search.
"""

from functools import cache
from typing import NamedTuple

from moe_core.corpus import documents
from moe_core.tasks.examples import examples
from moe_core.tasks.prompts import LANGUAGES, SUMMARY

GENERATED = 40  # of each language


class Shelved(NamedTuple):
    """One story of the library."""

    language: str
    title: str
    text: str
    by_hand: bool


@cache
def library() -> tuple[Shelved, ...]:
    """All stories, each by-hand story in both languages."""
    written = [*documents.hand_written(True), *documents.hand_written(False)]
    by_hand = [Shelved(language, story["title"][language], story[language], True)
               for story in sorted(written, key=lambda story: story["id"]) for language in LANGUAGES]
    told = [Shelved(language, "", example.text, False)
            for language in LANGUAGES for example in examples(SUMMARY, language, GENERATED, seed=7)]
    return (*by_hand, *told)
