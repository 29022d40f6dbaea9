"""Every sentence exists in every language, with the same placeholders, and reads as that language does."""

import re
from string import Formatter

import pytest

from app.figures.drawing import ENGLISH
from app.words import LANGUAGES, say, sentences

CHINESE = re.compile(r"[\u4e00-\u9fff]")


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def test_both_languages_say_the_same_things():
    assert sentences("en").keys() == sentences("zh").keys()


@pytest.mark.parametrize("key", sorted(sentences("en")))
def test_a_sentence_has_the_same_placeholders_in_both_languages(key):
    english, chinese = placeholders(sentences("en")[key]), placeholders(sentences("zh")[key])
    assert english == chinese


def test_english_is_english():
    assert [key for key, text in sentences("en").items() if CHINESE.search(text)] == []


def test_chinese_has_chinese_punctuation():
    western = re.compile(r"[\u4e00-\u9fff][,.;:?!()]|[,;:?!()][\u4e00-\u9fff]")
    assert [key for key, text in sentences("zh").items() if western.search(text)] == []


def test_every_word_inside_a_figure_has_a_translation():
    assert {f"figure.{word}" for word in ENGLISH} <= sentences("zh").keys()


def test_a_visitors_braces_are_only_text():
    assert "{prompt}" in say("en", "next.followed", next="{prompt}")


def test_every_language_names_itself():
    assert LANGUAGES == {"en": "English", "zh": "中文"}
