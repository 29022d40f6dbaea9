"""A job is put to the model in the very lines its training documents have."""

import pytest

from moe_core.corpus.documents import FEELING, SUM_UP, TRANSLATION
from moe_core.corpus.facts import ASK
from moe_core.corpus.reviews import LABELS as REVIEW_LABELS
from moe_core.tasks import prompts
from moe_core.tasks.prompts import ANSWERING, SENTIMENT, SUMMARY, prompt_of


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_lines_are_those_of_the_corpus(language):
    asked = ASK[language].format("Q?", "A!").removesuffix("A!").rstrip(" ")
    assert prompt_of(ANSWERING, language, "Story.", "Q?") == f"Story.\n{asked}"
    assert prompt_of(SENTIMENT, language, "T") == "T\n" + FEELING[language].format("").rstrip(" ")
    assert prompt_of(SUMMARY, language, "T") == "T\n" + SUM_UP[language].format("").rstrip(" ")


def test_a_translation_begins_as_the_corpus_begins_it():
    english, chinese = (line.format(en="E", zh="Z") for line in TRANSLATION)
    assert english == prompt_of(prompts.TRANSLATION, "en", "E") + " Z"
    assert chinese == prompt_of(prompts.TRANSLATION, "zh", "Z") + "E"


def test_the_labels_are_those_of_the_corpus():
    assert set(zip(*prompts.LABELS.values(), strict=True)) == set(REVIEW_LABELS.values())


def test_what_must_be_one_line_is_one_line():
    assert prompt_of(prompts.TRANSLATION, "en", "a\n b\t c") == "English: a b c\nChinese:"
    assert prompt_of(ANSWERING, "en", "Story", "why\nso?") == "Story\nQuestion: why so?\nAnswer:"


def test_a_question_without_a_story_has_no_empty_line():
    assert prompt_of(ANSWERING, "zh", "", "什么是AI？") == "问题：什么是AI？\n回答："


def test_an_unknown_job_is_named():
    with pytest.raises(ValueError, match="got dancing in en"):
        prompt_of("dancing", "en", "x")
