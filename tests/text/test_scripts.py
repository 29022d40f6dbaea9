"""A token's script is its characters' kind; a text's language is that of most of its words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moe_core.text.scripts import DIGIT, HAN, LATIN, OTHER, PUNCTUATION, language_of, script_of


@pytest.mark.parametrize(("text", "script"), [
    (" cat", LATIN), ("é", LATIN), ("猫", HAN), ("〇", HAN), ("7", DIGIT), ("，", PUNCTUATION), ("+", PUNCTUATION),
    (" ", OTHER), ("", OTHER), ("я", OTHER), ("T恤", HAN), ("3rd", LATIN), ("…\n", PUNCTUATION)])
def test_the_script_of_a_piece(text, script):
    assert script_of(text) == script


@pytest.mark.parametrize(("text", "language"), [
    ("The cat sat.", "en"), ("我喜欢学习AI", "zh"), ("She said 你好 to me", "en"), ("42!", "other"), ("", "other")])
def test_the_language_of_a_text(text, language):
    assert language_of(text) == language


@given(st.text())
def test_every_text_has_a_script_and_a_language(text):
    assert script_of(text) in (LATIN, HAN, DIGIT, PUNCTUATION, OTHER)
    assert language_of(text) in ("en", "zh", "other")
