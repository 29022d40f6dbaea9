"""Words of a mixed text with script and part of speech, and the same for each of its tokens.

A token takes the tags of the word that covers its first character. The tags are estimates (see english, chinese).
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from moe_core.pieces import Piece
from moe_core.text import chinese, english
from moe_core.text.entities import entities
from moe_core.text.scripts import DIGIT, HAN, LATIN, PUNCTUATION, kind_of, language_of, script_of

_SENTENCE = re.compile(r".+?(?:[!?。！？\n]+|\.+(?!\S)|\Z)", re.DOTALL)  # the point of 3.5 ends nothing
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
PLACES = {"1": 1, "2-4": 4, "5-16": 16, "17-64": 64, "65-": np.inf}  # label -> last token of that part of a text
ORDINARY = "word"  # a word that names nobody and no place
FOREIGN, NUMBER, MARK, SYMBOL = "X", "NUM", "PUNCT", "SYM"


class Word(NamedTuple):
    """A stretch of text that has one part of speech; blanks belong to no word."""

    start: int
    end: int
    script: str
    part_of_speech: str | None  # UPOS
    flag: str = ""              # of a Chinese word: jieba's own tag


def words(text: str) -> list[Word]:
    """All words of a text in order, punctuation marks and numbers included."""
    return [word for sentence in _SENTENCE.finditer(text) for word in _of_sentence(text, *sentence.span())]


def token_tags(pieces: Sequence[Piece]) -> pd.DataFrame:
    """One row per token: position, language, script, word, part_of_speech, entity.

    `language` is that of the whole text (en, zh, other); `word` is the word that covers the token's first character
    which is not blank, and missing for blanks. Bytes of a broken character are `other` and have no word. `entity` is
    person or place for (parts of) names, word for all other words, and missing for marks, numbers and blanks.
    """
    text, starts = _text_and_starts(pieces)
    found = words(text)
    covering = {place: word for word in found for place in range(word.start, word.end)}
    of_tokens = [covering.get(start) for start in starts]
    named = {place: entity.kind for entity in entities(text) for place in range(entity.start, entity.end)}
    kinds = [named.get(start, ORDINARY) if word and word.script in (HAN, LATIN) else None
             for start, word in zip(starts, of_tokens, strict=True)]
    return pd.DataFrame({
        "position": range(len(pieces)), "language": language_of(text),
        "script": [word.script if word else script_of("") for word in of_tokens],
        "word": pd.Series([text[word.start:word.end] if word else None for word in of_tokens], dtype=object),
        "part_of_speech": pd.Series([word.part_of_speech if word else None for word in of_tokens], dtype=object),
        "entity": pd.Series(kinds, dtype=object)})


def part_of_text(position: pd.Series) -> pd.Series:
    """The place of a token in its text as a label: first token, 2nd to 4th, and so on, ever wider."""
    edges = [0, *PLACES.values()]
    return pd.cut(position + 1, edges, labels=list(PLACES)).astype(str)


def _text_and_starts(pieces: Sequence[Piece]) -> tuple[str, list[int]]:
    """The text the pieces spell, and where in it each token's first visible character is; -1 if it has none."""
    text, starts = "", []
    for piece in pieces:
        visible = len(piece.text) - len(piece.text.lstrip())
        broken = piece.parts == 1 and re.fullmatch(r"0x[0-9A-F]{2}", piece.text)
        starts.append(-1 if broken or visible == len(piece.text) else len(text) + visible)
        text += piece.text if piece.part == piece.parts and not broken else ""
    return text, starts


def _of_sentence(text: str, start: int, end: int) -> Iterator[Word]:
    runs = list(_runs(text, start, end))
    if language_of(text[start:end]) == "zh":
        latin = dict.fromkeys(_spans(runs, LATIN), FOREIGN)
    else:
        spans = list(_spans(runs, LATIN))
        latin = dict(zip(spans, english.parts_of_speech([text[slice(*span)] for span in spans]), strict=True))
    for kind, first, last in runs:
        if kind == HAN:
            yield from _han(text, first, last)
        elif kind == LATIN:
            yield Word(first, last, LATIN, latin[first, last])
        else:
            yield Word(first, last, kind, _tag_of_other(kind, text[first:last]))


def _spans(runs: list[tuple[str, int, int]], wanted: str) -> Iterator[tuple[int, int]]:
    return ((first, last) for kind, first, last in runs if kind == wanted)


def _runs(text: str, start: int, end: int) -> Iterator[tuple[str, int, int]]:
    """Stretches of one kind: whole Han runs, Latin words, numbers, single marks."""
    while start < end:
        kind = kind_of(text[start])
        last = _end_of(kind, text, start, end)
        if not text[start:last].isspace():
            yield (LATIN if text[start] in "'’" and last > start + 1 else kind), start, last
        start = last


def _end_of(kind: str, text: str, start: int, end: int) -> int:
    if kind == HAN:
        return next((place for place in range(start, end) if kind_of(text[place]) != HAN), end)
    pattern = {LATIN: english.WORD, DIGIT: _NUMBER, PUNCTUATION: english.WORD}.get(kind)
    match = pattern and pattern.match(text, start, end)
    return match.end() if match else start + 1


def _han(text: str, first: int, last: int) -> Iterator[Word]:
    for word in chinese.words(text[first:last]):
        yield Word(first, first + len(word.text), HAN, word.part_of_speech, word.flag)
        first += len(word.text)


def _tag_of_other(kind: str, text: str) -> str:
    if kind == DIGIT:
        return NUMBER
    if kind == PUNCTUATION:
        return SYMBOL if kind_of(text[0]) == PUNCTUATION and text[0] in "$%+=<>~^|#*@€£¥°×÷&" else MARK
    return FOREIGN
