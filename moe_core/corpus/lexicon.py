"""The world's bilingual words: entries by category, and noun phrases in both languages.

It does not know stories.
"""

from __future__ import annotations

import json
from collections import defaultdict
from functools import lru_cache
from pathlib import Path

WORLD = Path(__file__).resolve().parents[2] / "assets" / "world"
VOWELS = "aeiou"


class Word(str):
    """A filled slot: the plain text, with the inflected forms a template may ask for as attributes."""


class Both:
    """One meaning, two surfaces."""

    __slots__ = ("en", "gender", "zh")

    def __init__(self, en: Word, zh: Word, gender: str | None = None):
        self.en, self.zh, self.gender = en, zh, gender


PRONOUNS = {
    "f": ("she", "her", "her", "她"),
    "m": ("he", "him", "his", "他"),
    None: ("it", "it", "its", "它"),
}


CHILD = {"f": ("girl", "女孩"), "m": ("boy", "男孩"), None: ("one", "小家伙")}


def capital(text: str) -> str:
    """The text with its first letter raised."""
    return text[:1].upper() + text[1:]


def person(en: str, zh: str, gender: str | None) -> Both:
    """A being with a name: carries its pronouns."""
    they, them, their, ta = PRONOUNS[gender]
    english, chinese = Word(en), Word(zh)
    english.they, english.them, english.their = they, them, their
    english.They, english.Them, english.Their = capital(they), capital(them), capital(their)
    english.Cap, chinese.ta = capital(en), ta
    english.child, chinese.child = CHILD[gender]
    return Both(english, chinese, gender)


def article(word: str) -> str:
    """a or an, by sound for the words of this world."""
    lowered = word.lower()
    if lowered.startswith(("uni", "use", "uku", "europ", "one-")):
        return "a"
    return "an" if lowered[:1] in VOWELS or lowered.startswith(("hour", "honest")) else "a"


def thing(en: str, zh: str, classifier: str | None, plural: str | None = None) -> Both:
    """Something countable: carries its articles, plural and Chinese counted form."""
    english, chinese = Word(en), Word(zh)
    english.a, english.the = f"{article(en)} {en}", f"the {en}"
    english.A, english.The, english.Cap = capital(english.a), capital(english.the), capital(en)
    english.plural = plural or en
    chinese.cl = f"一{classifier or '个'}{zh}"
    chinese.classifier = classifier or "个"
    return Both(english, chinese)


class Lexicon:
    """All entries, by id and by (part of speech, category)."""

    def __init__(self, path: Path = WORLD / "lexicon.jsonl"):
        self.entries = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        self.by_id = {entry["id"]: entry for entry in self.entries}
        self.by_category = defaultdict(list)
        for entry in self.entries:
            self.by_category[entry["pos"], entry["category"]].append(entry)
        self.adjectives_for = self._adjectives()

    def _adjectives(self) -> dict[str, list]:
        table = defaultdict(list)
        for entry in self.entries:
            if entry["pos"] == "adjective" and not entry["en"].get("predicate_only"):
                for category in entry["en"].get("applies_to", []):
                    table[category].append(entry)
        return table

    def nouns(self, *categories: str, countable: bool = True) -> list[dict]:
        """Noun entries of the categories, in file order; only countable singular ones if asked."""
        found = [entry for category in categories for entry in self.by_category["noun", category]]
        if countable:
            found = [e for e in found if e["en"].get("countable") and not e["en"].get("plural_only")]
        return found


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """The one lexicon of the project, read once."""
    return Lexicon()
