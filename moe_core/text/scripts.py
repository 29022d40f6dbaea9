"""What kind of characters a piece of text is made of, and whether a text is English or Chinese.

It looks at characters only; a Latin word may be English, French or pinyin.
"""

import unicodedata
from functools import lru_cache

LATIN, HAN, DIGIT, PUNCTUATION, OTHER = "latin", "han", "digit", "punctuation", "other"
_ORDER = (HAN, LATIN, DIGIT, PUNCTUATION)  # of a mixed piece, the kind that says most
_HAN = ((0x3400, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF), (0x3007, 0x3007))  # the last one is 〇


def script_of(text: str) -> str:
    """The script of a token or word: its characters' kind; of several kinds the one that says most."""
    kinds = {kind_of(char) for char in text}
    return next((kind for kind in _ORDER if kind in kinds), OTHER)


@lru_cache(maxsize=20_000)
def kind_of(char: str) -> str:
    """latin, han, digit, punctuation (symbols too) or other (blanks, other scripts)."""
    if any(start <= ord(char) <= end for start, end in _HAN):
        return HAN
    category = unicodedata.category(char)
    if category == "Nd":
        return DIGIT
    if category[0] in "PS":
        return PUNCTUATION
    latin = category[0] == "L" and unicodedata.name(char, "").startswith(("LATIN", "FULLWIDTH LATIN"))
    return LATIN if latin else OTHER


def language_of(text: str) -> str:
    """zh if a text has at least as many Han characters as Latin words, en if it has more words, other if neither."""
    kinds = [kind_of(char) for char in text]
    han = kinds.count(HAN)
    words = sum(kind == LATIN != before for before, kind in zip([OTHER, *kinds], kinds, strict=False))
    if not han and not words:
        return OTHER
    return "zh" if han >= words else "en"
