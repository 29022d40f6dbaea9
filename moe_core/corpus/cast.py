"""Who and what may play a role: every cast category of the plots, mapped once to lexicon entries.

It does not know what happens to them.
"""

from __future__ import annotations

import json
from functools import lru_cache

from moe_core.corpus.lexicon import WORLD, Both, Word, capital, lexicon, person, thing


def _animals(rows: list[list[str]]) -> list[Both]:
    """Little Rabbit, 小兔子: he or she in English, 它 in Chinese."""
    found = []
    for kind, chinese, classifier in rows:
        for gender in "fm":
            one = person(f"Little {capital(kind)}", chinese, gender)
            one.en.kind, one.zh.ta, one.zh.cl = kind, "它", f"一{classifier}"
            found.append(one)
    return found


def _from_entry(entry: dict) -> Both:
    return thing(entry["en"]["word"], entry["zh"]["word"], entry["zh"]["classifier"], entry["en"]["plural"])


def _plain(en: str, zh: str) -> Both:
    english, chinese = Word(en), Word(zh)
    english.the, english.a, english.Cap = en, en, capital(en)
    english.A = english.The = english.Cap
    chinese.cl = zh
    return Both(english, chinese)


def _children() -> list[Both]:
    names = lexicon().by_category["name", "given-name"]
    return [person(e["en"]["word"], e["zh"]["word"], e["gender"]) for e in names if e["gender"]]


@lru_cache(maxsize=1)
def _pinyin_names() -> frozenset[str]:
    return frozenset(e["en"]["word"] for e in lexicon().by_category["name", "given-name"] if e["culture"] == "cn")


def is_pinyin(child: Both) -> bool:
    """Whether the child's English name only spells a Chinese one."""
    return str(child.en) in _pinyin_names()


def _adults(kinds: list[list[str]]) -> list[Both]:
    surnames = lexicon().by_category["name", "surname"]
    return [
        person(en.format(s["en"]["word"]), zh.format(s["zh"]["word"]), gender)
        for en, zh, gender, culture in kinds
        for s in surnames
        if culture in ("both", "cn" if len(s["zh"]["word"]) == 1 else "en")
    ]


def _category(*categories: str) -> list[Both]:
    return [_from_entry(e) for e in lexicon().nouns(*categories)]


@lru_cache(maxsize=1)
def roles() -> dict[str, list[Both]]:
    """Cast category -> everybody and everything that may fill it."""
    listed = json.loads((WORLD / "cast.json").read_text(encoding="utf-8"))
    table = {name: [_plain(*pair) for pair in pairs] for name, pairs in listed["plain"].items()}
    table |= {name: [thing(*row) for row in rows] for name, rows in listed["things"].items()}
    table |= {name: [person(*row) for row in rows] for name, rows in listed["people"].items()}
    table |= {name: _adults(kinds) for name, kinds in listed["adults"].items()}
    table["animal_child"] = _animals(listed["animals"])
    table["animal_adult"] = [person(*row) for row in listed["animal_adults"]]
    table["child"] = _children()
    table["toy"] = table["toy"] + _category("toy")
    table["neighbor"] = table["adult"]
    return table
