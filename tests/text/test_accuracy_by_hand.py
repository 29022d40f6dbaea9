"""The measure of segmentation, tags and names, worked by hand on a few sentences."""

import json
import lzma

import pytest

from moe_core.text import __main__ as command
from moe_core.text.accuracy import measured, measured_names, world_sentences

SENTENCES = [
    {"text": "我喜欢学习AI。", "tokens": ["我", "喜欢", "学习", "AI", "。"],
     "upos": ["PRON", "VERB", "VERB", "X", "PUNCT"]},
    {"text": "The cat sat.", "tokens": ["The", "cat", "sat", "."], "upos": ["DET", "NOUN", "ADJ", "PUNCT"]},
]


def test_all_words_right_and_one_tag_wrong():
    found = measured(SENTENCES)
    assert (found["sentences"], found["words"]) == (2, 9)
    assert found["segmentation"]["value"] == 1
    assert found["part_of_speech"]["value"] == pytest.approx(8 / 9, abs=1e-4)
    assert found["part_of_speech"]["low"] <= 8 / 9 <= found["part_of_speech"]["high"]


def test_a_word_cut_otherwise_costs_both_sides():
    # gold 2 words, ours 我 喜欢 学习: one word in common
    found = measured([{"text": "我喜欢学习", "tokens": ["我", "喜欢学习"], "upos": ["PRON", "VERB"]}])
    assert found["segmentation"]["value"] == pytest.approx(2 * 1 / (2 + 3), abs=1e-4)
    assert found["part_of_speech"]["value"] == 1


def test_precision_and_recall_of_names_are_those_counted_by_hand():
    found = measured_names([("王小红在上海工作。", [("王小红", "PERSON"), ("上海", "PLACE")]),
                            ("我去了。", [("我", "PERSON")])])
    assert found["precision"]["value"] == 1
    assert found["recall"]["value"] == pytest.approx(2 / 3, abs=1e-4)


def test_the_worlds_sentences_carry_their_own_names():
    made = world_sentences("en", 30)
    assert len(made) == 30
    assert all(name in text for text, names in made for name, _ in names)


def test_the_command_measures_every_treebank_that_is_there(tmp_path):
    (tmp_path / "eval").mkdir()
    with lzma.open(tmp_path / "eval" / "pos_zh_pud.jsonl.xz", "wt", encoding="utf-8") as file:
        file.write(json.dumps(SENTENCES[0], ensure_ascii=False) + "\n")
    found = command.everything(tmp_path, 5)
    assert set(found["treebanks"]) == {"pos_zh_pud"}
    assert set(found["names"]) == {"en", "zh"}
    assert command.everything(None, 3)["treebanks"] == {}
