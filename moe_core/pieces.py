"""A token as a person can read it: whole characters, visible blanks, and no broken symbols.

It knows nothing of vocabularies or ids; the tokenizer makes pieces, traces carry them.
"""

import unicodedata
from typing import NamedTuple

_DOTTED_CIRCLE = "\u25cc"  # what Unicode puts under an accent that stands alone
_REORDERING = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Piece(NamedTuple):
    """One token's text; a character spread over several tokens gives each of them its place in it."""

    text: str       # "cat", "鑫", or "0xE9" for a byte that belongs to no character
    part: int = 1   # which token of the character this is, from 1
    parts: int = 1  # how many tokens the character takes

    @property
    def label(self) -> str:
        """The piece in print: 鑫 1/3 for the first of three tokens, ⏎ for a line end, ␣ for a lone space."""
        visible = _visible(self.text)
        return visible if self.parts == 1 else f"{visible} {self.part}/{self.parts}"


def _visible(text: str) -> str:
    if text and not text.strip(" "):
        return "␣" * len(text)
    if text and all(unicodedata.category(char) in ("Cf", "Zs", "Zl", "Zp") for char in text):
        return " ".join(f"U+{ord(char):04X}" for char in text)
    shown = "".join(map(_visible_char, text))
    return _DOTTED_CIRCLE + shown if unicodedata.category(shown[:1] or " ").startswith("M") else shown


def _visible_char(char: str) -> str:
    if char == "\n":
        return "⏎"
    if char < " ":
        return chr(0x2400 + ord(char))  # Unicode's own pictures of the control characters
    if char == "\x7f":
        return "\u2421"
    if char == "\ufffd" or char in _REORDERING or unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp"):
        return f"U+{ord(char):04X}"  # it would reorder or break the line, or look like our own mistake
    return char
