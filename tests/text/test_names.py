"""Names of persons, places and organisations in both languages, and nothing where there is none."""

import pytest

from moe_core.text.names import ORGANISATION, PERSON, PLACE, names
from moe_core.text.tags import words


@pytest.mark.parametrize(("text", "found"), [
    ("格蕾丝和小明去北京大学。", [("格蕾丝", PERSON), ("小明", PERSON), ("北京大学", ORGANISATION)]),
    ("王小红在上海的中国银行工作", [("王小红", PERSON), ("上海", PLACE), ("中国银行", ORGANISATION)]),
    ("Molly and Dawei flew from Paris to Beijing University.",
     [("Molly", PERSON), ("Dawei", PERSON), ("Paris", PLACE), ("Beijing University", ORGANISATION)]),
    ("My friend Tom Brown was at home.", [("Tom Brown", PERSON)]),
    ("我喜欢学习AI", []), ("The cat sat on the mat.", []), ("", []),
])
def test_names_by_example(text, found):
    assert [(text[name.start:name.end], name.kind) for name in names(text, words(text))] == found


def test_names_do_not_overlap():
    text = "小明和Molly在上海。Molly likes Shanghai. 王小红喜欢中国。"
    ends = [0, *(place for name in names(text, words(text)) for place in (name.start, name.end))]
    assert ends == sorted(ends)
