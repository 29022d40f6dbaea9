"""A typed text made clean before anything reads it: one kind of blank, whole characters, nothing invisible.

It changes no word, no letter's case and no punctuation mark that is written on purpose.
"""

import re
import unicodedata
from typing import NamedTuple

from moe_core.text.scripts import HAN, kind_of

_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn"}  # control, format, lone surrogate, private, unassigned
_KEPT = "\n\u200d"                           # a line end; the joiner inside one emoji
_LINE_ENDS = re.compile(r"\r\n?|\u2028|\u2029|\x0b|\x0c")
_BLANKS = re.compile(r"[^\S\n]+")
_MARKS = str.maketrans({",": "，", "?": "？", "!": "！", ";": "；", ":": "："})


class Cleaned(NamedTuple):
    """The clean text, and how often each rule changed something."""

    text: str
    changes: dict[str, int]  # rule -> places; only rules that did something


def clean(text: str) -> Cleaned:
    """Whole characters (NFC), no invisible ones, narrow letters, single blanks, Chinese marks in Chinese text."""
    changes: dict[str, int] = {}
    for name, rule in RULES.items():
        changed = rule(text)
        if changed != text:
            changes[name] = max(1, _places(text, changed))
        text = changed
    return Cleaned(text, changes)


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _visible(text: str) -> str:
    text = _LINE_ENDS.sub("\n", text).replace("\t", " ")
    return "".join(char for char in text if char in _KEPT or unicodedata.category(char) not in _INVISIBLE)


def _narrow(text: str) -> str:
    """Ｆｕｌｌ－ｗｉｄｔｈ letters and digits, which Chinese keyboards make, as everybody writes them."""
    return "".join(chr(ord(char) - 0xFEE0) if char.isalnum() and "\uff10" <= char <= "\uff5a" else char
                   for char in text)


def _single_blanks(text: str) -> str:
    lines = (_between_han(_BLANKS.sub(" ", line)).strip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def _between_han(line: str) -> str:
    """Chinese is written without blanks between its characters."""
    return "".join(char for at, char in enumerate(line)
                   if not (char == " " and 0 < at < len(line) - 1 and kind_of(line[at - 1]) == kind_of(line[at + 1])
                           == HAN))


def _chinese_marks(text: str) -> str:
    """A Western mark right behind a Chinese character becomes the Chinese one."""
    return "".join(char.translate(_MARKS) if at and kind_of(text[at - 1]) == HAN else char
                   for at, char in enumerate(text))


def _places(before: str, after: str) -> int:
    """How many characters went or changed."""
    return abs(len(before) - len(after)) or sum(a != b for a, b in zip(before, after, strict=True))


RULES = {"composed": _composed, "invisible": _visible, "narrow": _narrow, "blanks": _single_blanks,
         "marks": _chinese_marks}
