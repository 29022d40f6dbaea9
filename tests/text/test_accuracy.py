"""How far the part-of-speech tags can be trusted, measured on treebanks when MOESCOPE_DATA names their folder.

A word counts as right if its first character lies in a word with its tag: just what a token would be told.
"""

import json
import lzma
import os
from pathlib import Path

import pytest

from moe_core.text.tags import words

DATA = Path(os.environ.get("MOESCOPE_DATA", "")) / "eval"
SENTENCES = 150
LEAST = {"pos_en_pud": 0.92, "pos_en_ewt_dev": 0.91, "pos_zh_pud": 0.78, "pos_zh_gsdsimp_test": 0.70}


@pytest.mark.parametrize("treebank", LEAST)
def test_most_words_get_the_treebanks_tag(treebank):
    file = DATA / f"{treebank}.jsonl.xz"
    if "MOESCOPE_DATA" not in os.environ or not file.exists():
        pytest.skip("MOESCOPE_DATA names no folder with tagged sentences")
    with lzma.open(file, "rt", encoding="utf-8") as lines:
        right = [hit for line in list(lines)[:SENTENCES] for hit in _hits(json.loads(line))]
    assert sum(right) / len(right) >= LEAST[treebank]


def _hits(record: dict) -> list[bool]:
    covering = {place: word for word in words(record["text"]) for place in range(word.start, word.end)}
    hits, end = [], 0
    for token, tag in zip(record["tokens"], record["upos"], strict=True):
        start = record["text"].find(token, end)
        end = start + len(token) if start >= 0 else end
        hits.append(start >= 0 and start in covering and covering[start].part_of_speech == tag)
    return hits
