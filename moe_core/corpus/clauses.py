"""The parts of a sentence in both languages at once, every word with its part of speech and entity.

It does not know which sentences are made of them.
"""

from __future__ import annotations

import json
import random
from functools import cache
from typing import NamedTuple

from moe_core.corpus.lexicon import PRONOUNS, WORLD, article, lexicon
from moe_core.corpus.scenes import adjectives

TABLES = json.loads((WORLD / "sentences.json").read_text(encoding="utf-8"))
CLOSED = {word: pos for pos, listed in TABLES["closed"].items() for word in listed}


class Token(NamedTuple):
    """One word: its text, its universal part of speech and, for a name, what it names."""

    text: str
    pos: str
    entity: str = ""


class Part(NamedTuple):
    """The same part of a sentence in both languages."""

    en: tuple[Token, ...]
    zh: tuple[Token, ...]
    gender: str | None = None


def words(phrase: str, head: str, entity: str = "") -> tuple[Token, ...]:
    """An English phrase as tokens: closed-class words by their list, the rest as `head`."""
    return tuple(Token(w, CLOSED.get(w, head), "" if w in CLOSED else entity) for w in phrase.split())


def verb_words(phrase: str) -> tuple[Token, ...]:
    """An English verb phrase: the first word is the verb, later open words are nouns."""
    first, *rest = phrase.split()
    return (Token(first, "VERB"), *words(" ".join(rest), "NOUN"))


@cache
def verbs() -> tuple[dict, ...]:
    """Verbs a child may be the subject of."""
    entries = [e for e in lexicon().entries if e["pos"] == "verb" and "name" in e["en"]["subject"]]
    return tuple(e for e in entries if e["en"]["base"] not in TABLES["never"])


@cache
def transitive() -> tuple[dict, ...]:
    """Verbs with at least one object the world can name."""
    return tuple(e for e in verbs() if e["en"]["transitive"] and objects(e["id"]))


@cache
def intransitive() -> tuple[dict, ...]:
    """Verbs that stand alone."""
    return tuple(e for e in verbs() if not e["en"]["transitive"])


@cache
def objects(verb_id: str) -> tuple[tuple[dict, bool], ...]:
    """(entry, definite): what the verb may take; things named one by one are taken as known."""
    english = lexicon().by_id[verb_id]["en"]
    found = [(lexicon().by_id[i], True) for i in english.get("object_ids", []) if i in lexicon().by_id]
    strange = lexicon().by_id[verb_id]["category"] not in ("perceiving", "thinking")
    for category in english["object"]:
        if not (strange and category in ("insect", "sea-animal", "fantasy", "animal", "bird")):
            found += [(e, False) for e in _of_category(category)]
        elif "name" in english["object"] or category == "animal":
            found += [(lexicon().by_id[i], False) for i in TABLES["pets"]]
    unfit = ("body", "animal-part")
    return tuple((e, d) for e, d in found if e["category"] not in unfit and e["id"] not in ("home", "button"))


def _of_category(category: str) -> list[dict]:
    if category in ("person", "family", "job"):
        return []
    if category == "name":
        return lexicon().by_category["name", "given-name"]
    if category in ("place", "room"):
        kinds = ("room",) if category == "room" else ("room", "outdoor", "building")
        return [e for e in lexicon().entries if e["pos"] == "place" and e["category"] in kinds and e["level"] == 1]
    return [e for e in lexicon().nouns(category) if e["level"] < 3 and e["en"]["article"] != "the"]


def name(pick: random.Random) -> Part:
    """A child of the world, or a relative of the speaker."""
    if pick.random() < 0.2:
        entry = lexicon().by_id[pick.choice(TABLES["relatives"])]
        gender = "m" if entry["id"] in ("dad", "grandpa", "uncle", "older_brother", "younger_brother") else "f"
        english = (Token("my", "PRON"), *words(entry["en"]["word"], "NOUN"))
        return Part(english, (Token("我", "PRON"), Token(entry["zh"]["word"], "NOUN")), gender)
    return _given(pick.choice(lexicon().by_category["name", "given-name"]))


def _given(entry: dict) -> Part:
    english = (Token(entry["en"]["word"], "PROPN", "PERSON"),)
    return Part(english, (Token(entry["zh"]["word"], "PROPN", "PERSON"),), entry["gender"])


def pronoun(gender: str | None) -> Part:
    """he, she or it."""
    they, _, _, ta = PRONOUNS[gender]
    return Part((Token(they, "PRON"),), (Token(ta, "PRON"),), gender)


def noun(entry: dict, definite: bool, pick: random.Random, adjective: bool = True) -> Part:
    """A noun phrase: a name, an amount, the thing, or a thing with or without an adjective."""
    if entry["pos"] == "name":
        return _given(entry)
    english, chinese = entry["en"], entry["zh"]
    bare = Token(chinese["word"], "NOUN")
    if english.get("plural_only") or not english["countable"]:
        return _amount(entry)
    if definite or entry["pos"] == "place":
        return Part((Token("the", "DET"), *words(english["word"], "NOUN")), (bare,))
    chosen = pick.choice(adjectives(entry["category"])) if adjective and pick.random() < 0.4 else None
    if chosen:
        described = f"{chosen['en']['word']} {english['word']}"
        head = (*words(chosen["en"]["word"], "ADJ"), *words(english["word"], "NOUN"))
        return Part(
            (Token(article(described), "DET"), *head),
            (*_counted("一", chinese["classifier"]), *_of(chosen["zh"]["with_de"]), bare),
        )
    counted = (Token(article(english["word"]), "DET"), *words(english["word"], "NOUN"))
    return Part(counted, (*_counted("一", chinese["classifier"]), bare))


def _counted(number: str, classifier: str) -> tuple[Token, ...]:
    return Token(number, "NUM"), Token(classifier, "NOUN")


def _of(described: str) -> tuple[Token, ...]:
    """红色的 -> 红色 + 的; 新 -> 新."""
    if described.endswith("的"):
        return Token(described[:-1], "ADJ"), Token("的", "PART")
    return (Token(described, "ADJ"),)


def _amount(entry: dict) -> Part:
    english, chinese = entry["en"], entry["zh"]
    measure = "pair" if english.get("plural_only") else english.get("measure")
    bare = Token(chinese["word"], "NOUN")
    if not measure:
        return Part(words(english["word"], "NOUN"), (bare,))
    phrase = f"{article(measure)} {measure} of {english['word']}"
    return Part(words(phrase, "NOUN"), (*_counted("一", chinese["classifier"]), bare))


@cache
def _places() -> tuple[dict, ...]:
    return tuple(e for e in lexicon().entries if e["pos"] == "place" and e["category"] != "region" and e["level"] < 3)


def place(pick: random.Random, among: tuple[str, ...] = ()) -> Part:
    """Where it happened: in the park, 在公园里; one of the places `among`, if any are named."""
    known = [lexicon().by_id[i] for i in among if i in lexicon().by_id]
    entry = pick.choice(known or _places())
    proper = entry["category"] in ("proper-place", "country")
    english = words(entry["en"]["phrase"], "PROPN" if proper else "NOUN", "PLACE" if proper else "")
    pos, entity = ("PROPN", "PLACE") if proper else ("NOUN", "")
    return Part(english, (Token("在", "ADP"), Token(entry["zh"]["locative"], pos, entity)))


@cache
def _times(tense: str) -> tuple[Part, ...]:
    found = [lexicon().by_id[i] for i in TABLES["times"][tense] if i in lexicon().by_id]
    return tuple(Part(words(e["en"]["word"], "NOUN"), (Token(e["zh"]["word"], "NOUN"),)) for e in found)


def time(tense: str, pick: random.Random) -> Part:
    """When: yesterday, tomorrow, every day."""
    return pick.choice(_times(tense))
