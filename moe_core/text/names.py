"""Named entities of a tagged text: persons, places, organisations, by the taggers' own hints and short lists.

Rules, not a model: a run of proper nouns is a name; lists and endings say of what. It estimates; accuracy.py measures.
"""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from moe_core.text.scripts import HAN, LATIN
from moe_core.text.tags import Word

PERSON, PLACE, ORGANISATION = "PERSON", "PLACE", "ORGANISATION"
KIND_OF_FLAG = {"nr": PERSON, "nrt": PERSON, "nrfg": PERSON, "ns": PLACE, "nt": ORGANISATION}  # jieba's
PLACE_ENDINGS = tuple("省市县区州国山河江湖海岛镇村")
ORGANISATION_ENDINGS = ("公司", "大学", "学院", "银行", "集团", "医院", "委员会", "协会", "Company", "University",
                        "Inc", "School", "Bank", "College", "Institute")
BEFORE_PLACES = frozenset({"in", "at", "from", "to", "near"})
COUNTRIES = """China Beijing Shanghai Japan Tokyo Korea India France Paris Germany Berlin England London Britain
Scotland Ireland Italy Rome Spain Russia Moscow Canada Mexico Brazil Egypt Kenya Africa Asia Europe America
Australia California York Washington Texas Iraq Iran Israel Turkey Greece Sweden Norway Poland Vienna Chicago Boston
Hong Kong"""
PLACES = frozenset(COUNTRIES.split())  # and continents, and cities


class Name(NamedTuple):
    """A stretch of text that names somebody or something."""

    start: int
    end: int
    kind: str


def names(text: str, words: Sequence[Word]) -> list[Name]:
    """The named entities among the words of a text, in order; they do not overlap."""
    found, run = [], []
    for at, word in enumerate([*words, None]):
        if word is not None and word.script == LATIN and _is_proper(text, words, at):
            run.append(at)
            continue
        if run:
            found.append(_english(text, words, run))
            run = []
        if word is not None and word.script == HAN:
            kind = _chinese(text[word.start:word.end], word.flag)
            found += [Name(word.start, word.end, kind)] if kind else []
    return found


def _is_proper(text: str, words: Sequence[Word], at: int) -> bool:
    """A capital word that is on a list, or that the tagger calls a proper noun."""
    word = words[at]
    written = text[word.start:word.end]
    if not written[:1].isupper():
        return False
    known = written in _given_names() or written in PLACES
    return known or (word.part_of_speech == "PROPN" and len(written) > 1 and not written.isupper())


def _english(text: str, words: Sequence[Word], run: list[int]) -> Name:
    first, last = words[run[0]], words[run[-1]]
    written = [text[words[at].start:words[at].end] for at in run]
    before = text[words[run[0] - 1].start:words[run[0] - 1].end].lower() if run[0] else ""
    if written[-1] in ORGANISATION_ENDINGS:
        kind = ORGANISATION
    elif PLACES & set(written) or (before in BEFORE_PLACES and written[0] not in _given_names()):
        kind = PLACE
    else:
        kind = PERSON
    return Name(first.start, last.end, kind)


def _chinese(word: str, flag: str) -> str | None:
    if word in _given_names():
        return PERSON
    if len(word) > 2 and word.endswith(ORGANISATION_ENDINGS):
        return ORGANISATION
    kind = KIND_OF_FLAG.get(flag)
    if kind is None or len(word) < 2:
        return None
    return PLACE if kind == PERSON and len(word) > 2 and word.endswith(PLACE_ENDINGS) else kind


@cache
def _given_names() -> frozenset[str]:
    """The children's names of the story world, in both languages."""
    from moe_core.corpus.lexicon import lexicon

    return frozenset(entry[language]["word"] for entry in lexicon().by_category["name", "given-name"]
                     for language in ("en", "zh"))
