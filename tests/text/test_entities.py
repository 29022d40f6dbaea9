"""Names of persons and places are found by list, as written, in both languages; nothing else is called a name."""

import pandas as pd
import pytest

from moe_core.pieces import Piece
from moe_core.text.entities import entities
from moe_core.text.tags import token_tags


@pytest.mark.parametrize(("text", "found"), [
    ("Lily and Mr. Brown went to London.", [("Lily", "person"), ("Mr. Brown", "person"), ("London", "place")]),
    ("乐乐和王老师去北京看长城。", [("乐乐", "person"), ("王老师", "person"), ("北京", "place"), ("长城", "place")]),
    ("The rose grew in the grace of spring.", []),
    ("王 is a surname, and 老师 a teacher", []),
    ("", []),
])
def test_names_are_found_as_they_are_written(text, found):
    assert [(text[entity.start:entity.end], entity.kind) for entity in entities(text)] == found


def test_every_part_of_a_name_is_that_name_and_marks_are_nothing():
    pieces = [Piece(text) for text in ("Li", "ly", " saw", " ", "London", ".", "乐", "乐", "3")]
    assert token_tags(pieces)["entity"].astype(object).where(pd.notna, None).tolist() == [
        "person", "person", "word", None, "place", None, "person", "person", None]
