"""Single sentences of the world in both languages, with gold parts of speech and entities.

It does not know stories; each sentence stands alone.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import NamedTuple

from moe_core.corpus.clauses import (
    TABLES,
    Part,
    Token,
    intransitive,
    name,
    noun,
    objects,
    place,
    pronoun,
    time,
    transitive,
    verb_words,
    words,
)
from moe_core.corpus.lexicon import PRONOUNS, article, capital, lexicon
from moe_core.corpus.scenes import adjectives

HOW_TO = {"past": "past", "future": "base", "habit": "third", "progress": "ing", "not": "base"}
STOP = {"en": Token(".", "PUNCT"), "zh": Token("。", "PUNCT")}
COMMA = Token("，", "PUNCT")


class Sentence(NamedTuple):
    """One sentence, its tokens in both languages."""

    en: tuple[Token, ...]
    zh: tuple[Token, ...]

    def text(self, lang: str) -> str:
        """The sentence as it is written."""
        if lang == "zh":
            return "".join(token.text for token in self.zh)
        return capital(re.sub(r" ([.,?!])", r"\1", " ".join(token.text for token in self.en)))


class Setting(NamedTuple):
    """When, who and where an action happens."""

    tense: str
    who: Part
    where: Part | None
    when: Part | None


Objects = tuple[Part, Part | None] | None  # what is acted on, and who receives it


def action(pick: random.Random, tense: str | None = None) -> Sentence:
    """Somebody does something, somewhere, at some time."""
    tense = tense or pick.choices(("past", "future", "habit", "progress", "not"), (5, 2, 2, 1, 1))[0]
    entry = pick.choice(transitive() if pick.random() < 0.75 else intransitive())
    if tense in ("progress", "not", "habit") and not _plain(entry):
        tense = "past"
    if tense == "habit" and entry["category"] not in TABLES["habits"]:
        tense = "past"
    if entry["en"].get("stative"):
        tense = "habit"
    who = name(pick)
    what = _object(entry, pick)
    open_to_place = entry["category"] in TABLES["placed"] and "place" not in entry["en"]["object"]
    where = place(pick) if open_to_place and pick.random() < 0.5 else None
    when = time(tense, pick) if tense in TABLES["times"] and not entry["en"].get("stative") else None
    setting = Setting(tense, who, where, when)
    return Sentence(_english(entry, setting, what, pick), _chinese(entry, setting, what))


def _plain(entry: dict) -> bool:
    """Whether the bare Chinese verb can stand for an unfinished or denied action."""
    chinese = entry["zh"]
    return chinese["aspect"] == chinese["word"] + "了" and not chinese["word"].endswith(
        tuple("上下到好住见掉破开起会着干断丢出成懂完过对进回离倒错")) and "得" not in chinese["word"]


def _object(entry: dict, pick: random.Random) -> Objects:
    if not entry["en"]["transitive"]:
        return None
    chosen, definite = pick.choice(objects(entry["id"]))
    if entry["en"]["base"] in TABLES["several"] and chosen["en"].get("plural"):
        return Part(words(chosen["en"]["plural"], "NOUN"), (Token(chosen["zh"]["word"], "NOUN"),)), None
    recipient = name(pick) if entry["en"].get("recipient") else None
    return noun(chosen, definite or recipient is not None, pick), recipient


def _english(entry: dict, setting: Setting, what: Objects, pick: random.Random) -> tuple[Token, ...]:
    tense, who, where, when = setting
    verb = _english_verb(entry, HOW_TO[tense], who, what)
    helpers = {"future": "will", "progress": "is", "not": "did not"}.get(tense, "")
    auxiliary = tuple(Token(w, "PART" if w == "not" else "AUX") for w in helpers.split())
    body = (*who.en, *auxiliary, *verb, *(where.en if where else ()))
    if when and pick.random() < 0.6:
        return (*when.en, Token(",", "PUNCT"), *body, STOP["en"])
    return (*body, *(when.en if when else ()), STOP["en"])


def _english_verb(entry: dict, form: str, who: Part, what: Objects) -> tuple[Token, ...]:
    english = entry["en"]
    inflected = english[form].replace("one's", "my" if who.gender is None else PRONOUNS[who.gender][2])
    if what is None:
        return verb_words(inflected)
    thing, recipient = what
    if "pattern" not in english or "{o}" not in english["pattern"]:
        return (*verb_words(inflected), *thing.en)
    tokens = [Token(inflected.split()[0], "VERB")]
    for word in english["pattern"].split()[1:]:
        tokens += thing.en if word == "{o}" else recipient.en if word == "{r}" else words(word, "NOUN")
    return tuple(tokens)


def _chinese(entry: dict, setting: Setting, what: Objects) -> tuple[Token, ...]:
    tense, who, where, when = setting
    before = (*when.zh, COMMA) if when and tense == "past" else when.zh if when and tense == "future" else ()
    middle = when.zh if when and tense == "habit" else ()
    helper = {"future": "会", "progress": "正在", "not": "没有"}.get(tense)
    auxiliary = (Token(helper, "AUX" if helper == "会" else "ADV"),) if helper else ()
    verb = _chinese_verb(entry, tense, what)
    return (*before, *who.zh, *middle, *auxiliary, *(where.zh if where else ()), *verb, STOP["zh"])


def _chinese_verb(entry: dict, tense: str, what: Objects) -> tuple[Token, ...]:
    chinese = entry["zh"]
    frame = chinese.get("frame_past") if tense == "past" else chinese.get("frame")
    if frame:
        return tuple(_framed(frame, what))
    verb = chinese["aspect"] if tense == "past" and not entry["en"].get("stative") else chinese["word"]
    return (*_aspect(verb, chinese["word"]), *(what[0].zh if what else ()))


def _aspect(verb: str, word: str) -> tuple[Token, ...]:
    if verb == word + "了" or verb == word + "着":
        return Token(word, "VERB"), Token(verb[-1], "AUX")
    return (Token(verb, "VERB"),)


def _framed(frame: str, what: Objects) -> Iterator[Token]:
    for piece in re.split(r"(\{[or]\}|^[把和给跟向对为被])", frame):
        if piece == "{o}":
            yield from what[0].zh
        elif piece == "{r}":
            yield from what[1].zh
        elif piece:
            yield Token(piece, "ADP" if piece in "把和给跟向对为被" else "VERB")


def description(pick: random.Random) -> Sentence:
    """Something is so: the soup is hot."""
    category = pick.choice(TABLES["described"])
    entry = pick.choice([e for e in lexicon().nouns(category) if e["level"] < 3])
    adjective = pick.choice(adjectives(category))
    shown = pick.choice((("this", "这"), ("that", "那")))
    english = (Token(shown[0], "DET"), *words(entry["en"]["word"], "NOUN"), Token("is", "AUX"),
               *words(adjective["en"]["word"], "ADJ"), STOP["en"])
    chinese = (Token(shown[1], "DET"), Token(entry["zh"]["classifier"], "NOUN"), Token(entry["zh"]["word"], "NOUN"),
               Token(adjective["zh"]["predicate"], "ADJ"), STOP["zh"])
    return Sentence(english, chinese)


def existence(pick: random.Random) -> Sentence:
    """There are three cats in the garden."""
    category = pick.choice(tuple(TABLES["found"]))
    entry = pick.choice([e for e in lexicon().nouns(category) if e["level"] == 1])
    where, number = place(pick, tuple(TABLES["found"][category])), pick.choice(TABLES["numbers"])
    english = (Token("there", "PRON"), Token("are", "VERB"), Token(number[0], "NUM" if number[0] != "many" else "ADJ"),
               *words(entry["en"]["plural"], "NOUN"), *where.en, STOP["en"])
    counted = (Token(number[1], "NUM"),) + (() if number[0] == "many" else (Token(entry["zh"]["classifier"], "NOUN"),))
    thing = Token(entry["zh"]["word"], "NOUN")
    return Sentence(english, (*where.zh[1:], Token("有", "VERB"), *counted, thing, STOP["zh"]))


def kind(pick: random.Random) -> Sentence:
    """A cat is an animal."""
    category = pick.choice(tuple(TABLES["kinds"]))
    entry = pick.choice([e for e in lexicon().nouns(category) if e["en"]["word"] != TABLES["kinds"][category][0]])
    above, classifier, chinese = TABLES["kinds"][category]
    word = entry["en"]["word"]
    english = (Token(article(word), "DET"), *words(word, "NOUN"), Token("is", "AUX"), Token(article(above), "DET"),
               *words(above, "NOUN"), STOP["en"])
    one_kind = (Token("一", "NUM"), Token(classifier, "NOUN"), Token(chinese, "NOUN"))
    return Sentence(english, (Token(entry["zh"]["word"], "NOUN"), Token("是", "AUX"), *one_kind, STOP["zh"]))


def likes(pick: random.Random) -> Sentence:
    """Tom likes apples, but he does not like spiders."""
    liked = [e for e in lexicon().nouns("fruit", "snack", "animal", "vegetable", "food") if e["level"] < 3]
    first, second = pick.sample(liked, 2)
    who = name(pick)
    he = pronoun(who.gender)
    but_not = (Token("does", "AUX"), Token("not", "PART"), Token("like", "VERB"))
    english = (*who.en, Token("likes", "VERB"), *words(first["en"]["plural"], "NOUN"), Token(",", "PUNCT"),
               Token("but", "CCONJ"), *he.en, *but_not, *words(second["en"]["plural"], "NOUN"))
    like = Token("喜欢", "VERB")
    chinese = (*who.zh, like, Token(first["zh"]["word"], "NOUN"), COMMA, Token("可是", "CCONJ"), *he.zh,
               Token("不", "ADV"), like, Token(second["zh"]["word"], "NOUN"))
    return Sentence((*english, STOP["en"]), (*chinese, STOP["zh"]))


def sentence(seed: int) -> Sentence:
    """The sentence of one seed."""
    pick = random.Random(f"sentence-{seed}")
    return pick.choices((action, description, existence, kind, likes), (12, 2, 2, 1, 1))[0](pick)
