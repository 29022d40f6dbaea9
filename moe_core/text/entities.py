"""Names of persons and places in a mixed text, found by list: the story world's own names, and well-known places.

It does not guess: a name that is on no list is an ordinary word, and a word that is also a name counts as one only
where it is written like one (Rose, not rose).
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

PERSON, PLACE = "person", "place"
LEXICON = Path(__file__).resolve().parents[2] / "assets" / "world" / "lexicon.jsonl"
ENGLISH_PLACES = ("China England America Canada Australia Beijing Shanghai London Paris Rome Berlin Tokyo Africa Asia "
                  "Europe France Germany Italy Japan India Russia Egypt Spain Brazil")
CHINESE_PLACES = ("中国 英国 美国 加拿大 澳大利亚 北京 上海 伦敦 巴黎 罗马 柏林 东京 非洲 亚洲 欧洲 法国 "
                  "德国 意大利 日本 印度 俄罗斯 埃及 西班牙 巴西 长江 黄河 长城 广州 西安 杭州")
ENGLISH_PERSONS = "Tom Ben Mia Max Leo"  # in the probe sentences, whether or not the story world has them
CHINESE_PERSONS = "小明 小红 小美 小华 小李 小王 小刚"
TITLES = "Mr Mrs Ms Dr Aunt Uncle Grandpa Granny Captain Professor"
CHINESE_TITLES = "先生 太太 老师 阿姨 叔叔 爷爷 奶奶 医生 博士 教授"


class Entity(NamedTuple):
    """A stretch of text that names somebody or some place."""

    start: int
    end: int
    kind: str


def entities(text: str) -> list[Entity]:
    """All names in order, longest first where two begin together."""
    return [Entity(*found.span(), found.lastgroup) for found in _pattern().finditer(text)]


@cache
def _pattern() -> re.Pattern:
    english, chinese, surnames = _names()
    titled = rf"\b(?:{_any(TITLES.split())})\.? [A-Z][a-z]+|(?:{_any(surnames)})(?:{_any(CHINESE_TITLES.split())})"
    persons = rf"{titled}|\b(?:{_any(english + ENGLISH_PERSONS.split())})\b|{_any(chinese + CHINESE_PERSONS.split())}"
    places = rf"\b(?:{_any(ENGLISH_PLACES.split())})\b|{_any(CHINESE_PLACES.split())}"
    return re.compile(f"(?P<{PERSON}>{persons})|(?P<{PLACE}>{places})")


def _any(names: list[str]) -> str:
    return "|".join(map(re.escape, sorted(set(names), key=len, reverse=True)))


def _names() -> tuple[list[str], list[str], list[str]]:
    """English names, Chinese names of two characters or more, Chinese surnames."""
    entries = [json.loads(line) for line in LEXICON.read_text(encoding="utf-8").splitlines() if line.strip()]
    names = [entry for entry in entries if entry["pos"] == "name" and entry["category"] in ("given-name", "pet-name")]
    surnames = [entry["zh"]["word"] for entry in entries if entry["category"] == "surname"]
    return ([entry["en"]["word"] for entry in names],
            [entry["zh"]["word"] for entry in names if len(entry["zh"]["word"]) > 1], surnames)
