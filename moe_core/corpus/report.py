"""How rich a corpus file is: how far it can be packed, how much new it says, how much of held-out text it holds.

It reads documents {domain, lang, text} and knows no generator.
"""

from __future__ import annotations

import json
import re
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

UNIT = re.compile(r"[\u3400-\u9fff]|[A-Za-z']+|\d|[^\s\w]")
LONGEST_LINE = 1_000_000  # characters
NEW, LEAKED = 8, 13       # words of an n-gram that counts as new, as leaked
PACKED = 2_000_000        # characters packed at once


def documents(path: Path) -> Iterator[dict]:
    """The documents of a file, line by line; ValueError names file and line."""
    number = 0
    try:
        with Path(path).open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if len(line) > LONGEST_LINE:
                    raise ValueError(f"{path}, line {number}: {len(line)} characters, at most {LONGEST_LINE} are read")
                if line.strip():
                    yield _document(line, f"{path}, line {number}")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8 text ({error.reason} after line {number})") from None
    except OSError as error:
        raise ValueError(f"{path} cannot be read ({error.strerror})") from None
    if not number:
        raise ValueError(f"{path} is empty")


def report(found: Iterable[dict]) -> dict:
    """By language: documents, characters, zlib bits per character, new 8-grams per million words."""
    texts = defaultdict(list)
    for document in found:
        texts[document["lang"]].append(document["text"])
    return {language: {"documents": len(own), "characters": sum(map(len, own)),
                       "zlib_bits_per_character": round(zlib_bits("\n".join(own)), 3),
                       "new_8_grams_per_million": round(new_per_million(own, NEW))}
            for language, own in sorted(texts.items())}


def zlib_bits(text: str) -> float:
    """Bits of zlib for each character, over the first characters; real stories have about 2.8."""
    text = text[:PACKED]
    if not text:
        raise ValueError("a text of at least 1 character is needed, got none")
    return 8 * len(zlib.compress(text.encode(), 9)) / len(text)


def new_per_million(texts: Iterable[str], length: int) -> float:
    """How many n-grams of the last half were not in the first, for a million of its words."""
    units = [UNIT.findall(text) for text in texts]
    half = sum(map(len, units)) / 2
    seen: set[int] = set()
    new = read = total = 0
    for words in units:
        grams = {hash(tuple(words[at:at + length])) for at in range(len(words) - length + 1)}
        if total >= half:
            new += len(grams - seen)
            read += len(words)
        seen |= grams
        total += len(words)
    return 1e6 * new / max(read, 1)


def overlap(trained: Iterable[str], held_out: Iterable[str], length: int = LEAKED) -> float:
    """The share of the held-out n-grams that training has too: 0 = nothing is shared word for word."""
    known = {gram for text in trained for gram in _grams(text, length)}
    asked = [gram for text in held_out for gram in _grams(text, length)]
    return sum(gram in known for gram in asked) / max(len(asked), 1)


def _grams(text: str, length: int) -> Iterator[int]:
    words = UNIT.findall(text)
    return (hash(tuple(words[at:at + length])) for at in range(len(words) - length + 1))


def _document(line: str, where: str) -> dict:
    try:
        found = json.loads(line)
        return {name: str(found.get(name, "?")) for name in ("lang", "domain")} | {"text": str(found["text"])}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ValueError(f'{where}: expected an object with a "text", got {line[:60]!r}') from None
