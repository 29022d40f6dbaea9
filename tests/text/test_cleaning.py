"""Cleaning changes what nobody sees and nothing that anybody wrote on purpose; clean text stays as it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from moe_core.text.cleaning import clean


@pytest.mark.parametrize(("typed", "cleaned", "changes"), [
    ("我喜欢学习AI", "我喜欢学习AI", {}),
    ("我 喜欢 学习 AI", "我喜欢学习 AI", {"blanks": 2}),
    ("ＡＩ２", "AI2", {"narrow": 3}),
    ("cafe\u0301", "café", {"composed": 1}),
    ("a\u200bb", "ab", {"invisible": 1}),
    ("a  b \r\n\r\n\r\n c", "a b\n\nc", {"invisible": 3, "blanks": 4}),
    ("好,好!", "好，好！", {"marks": 2}),
    ("Well, yes: 3.5!", "Well, yes: 3.5!", {}),
    ("", "", {}),
])
def test_each_rule_by_example(typed, cleaned, changes):
    assert clean(typed) == (cleaned, changes)


@given(some.text(max_size=60))
def test_clean_text_stays_clean(typed):
    once = clean(typed).text
    assert clean(once) == (once, {})


@given(some.text("abcXYZ小猫喜欢0123", max_size=40))
def test_plain_words_are_never_touched(typed):
    assert clean(typed) == (typed, {})
