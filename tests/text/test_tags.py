"""A token takes the tags of the word that covers its first visible character."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moe_core.pieces import Piece
from moe_core.text.tags import part_of_text, token_tags, words


def _shown(text):
    return [(text[word.start:word.end], word.part_of_speech) for word in words(text)]


def test_a_mixed_text_falls_into_words_marks_and_numbers():
    assert _shown("The cat doesn't like 3.5 cups.") == [
        ("The", "DET"), ("cat", "NOUN"), ("does", "AUX"), ("n't", "PART"), ("like", "VERB"), ("3.5", "NUM"),
        ("cups", "NOUN"), (".", "PUNCT")]
    assert _shown("我喜欢学习AI。") == [
        ("我", "PRON"), ("喜欢", "VERB"), ("学习", "VERB"), ("AI", "X"), ("。", "PUNCT")]


def test_a_chinese_numeral_is_parted_from_its_measure_word():
    assert _shown("他有一个苹果")[2:4] == [("一", "NUM"), ("个", "NOUN")]


def test_the_tagger_reads_the_sentence_and_not_only_the_word():
    assert dict(_shown("They walk home"))["walk"] == "VERB"
    assert dict(_shown("The walk was long"))["walk"] == "NOUN"


def test_tokens_take_the_word_of_their_first_visible_character():
    table = token_tags([Piece("The"), Piece(" c"), Piece("at"), Piece(" "), Piece("sat"), Piece(".")])
    assert table["word"].tolist()[:3] == ["The", "cat", "cat"]
    assert table["part_of_speech"].tolist()[:3] == ["DET", "NOUN", "NOUN"]
    assert pd.isna(table["word"][3])
    assert (table["script"].tolist(), set(table["language"])) == (
        ["latin", "latin", "latin", "other", "latin", "punctuation"], {"en"})


def test_the_tokens_of_one_character_share_its_word():
    table = token_tags([Piece("我"), Piece("鑫", 1, 3), Piece("鑫", 2, 3), Piece("鑫", 3, 3), Piece("。")])
    assert table["script"].tolist() == ["han"] * 4 + ["punctuation"]
    assert table["part_of_speech"][1] == table["part_of_speech"][3]


def test_a_byte_that_belongs_to_no_character_has_no_word():
    table = token_tags([Piece("0xE9"), Piece("cat")])
    assert pd.isna(table["word"][0])
    assert table["word"][1] == "cat"


def test_no_tokens_give_an_empty_table():
    assert token_tags([]).empty


def test_the_parts_of_a_text_grow_wider():
    assert part_of_text(pd.Series([0, 1, 3, 4, 15, 16, 64])).tolist() == [
        "1", "2-4", "2-4", "5-16", "5-16", "17-64", "65-"]


@settings(max_examples=30)
@given(st.text(st.sampled_from("ab 我们猫。,.3'n’t\n&é"), max_size=24))
def test_words_cover_everything_but_blanks_once(text):
    found = words(text)
    covered = np.zeros(len(text), int)
    for word in found:
        covered[word.start:word.end] += 1
    assert covered.tolist() == [0 if char.isspace() else 1 for char in text]


@pytest.mark.parametrize("text", ["", " ", "\n\n", "...", "😀 ok", "АБВ"])
def test_odd_texts_are_read_without_complaint(text):
    assert "".join(text[word.start:word.end] for word in words(text)) == "".join(text.split())
