"""Every sum is right and every program prints what it says, because each is worked out, not written."""

import itertools
import re

from moe_core.corpus.drills import arithmetic, chinese_number, english_number
from moe_core.corpus.facts import facts
from moe_core.corpus.learning import learning_page
from moe_core.corpus.pages import dialogue, diary
from moe_core.corpus.programs import program, run
from moe_core.corpus.reviews import review

OPERATIONS = {"+": int.__add__, "-": int.__sub__, "×": int.__mul__, "÷": int.__floordiv__}


def test_numbers_are_spelled_in_both_languages():
    assert [english_number(n) for n in (0, 13, 20, 45, 100, 305)] == [
        "zero", "thirteen", "twenty", "forty-five", "one hundred", "three hundred and five"]
    assert [chinese_number(n) for n in (0, 10, 13, 20, 45, 100, 105, 110, 215)] == [
        "零", "十", "十三", "二十", "四十五", "一百", "一百零五", "一百一十", "二百一十五"]


def test_every_sum_in_digits_is_right():
    found = [m for seed in range(400) for m in re.findall(r"(\d+) ?([+×÷-]) ?(\d+) ?= ?(\d+)", arithmetic(seed)[1])]
    assert len(found) > 300
    assert [m for m in found if OPERATIONS[m[1]](int(m[0]), int(m[2])) != int(m[3])] == []


def test_every_program_prints_its_output():
    for seed in range(80):
        code, printed = program(seed).split("\n# Output:\n")
        assert run(code).rstrip("\n") == printed


def test_both_languages_of_a_review_agree():
    pairs = {"positive": "好评", "negative": "差评"}
    assert all(pairs[review(seed, "en")[1]] == review(seed, "zh")[1] for seed in range(100))


def test_learning_pages_begin_with_what_is_learned():
    openings = [learning_page(seed)[1] for seed in range(200)]
    assert sum(page.startswith("我喜欢学") for page in openings) >= 30
    assert any(page.startswith("我喜欢学习AI") for page in (learning_page(seed)[1] for seed in range(3000)))


def test_speakers_of_a_dialogue_take_turns():
    for seed in range(60):
        speakers = [line.split(":")[0] for line in dialogue(seed, "en").split("\n") if ": " in line]
        assert all(a != b for a, b in itertools.pairwise(speakers))


def test_a_diary_page_is_whole_in_both_languages():
    assert all(diary(seed, lang)[-1] not in " ,，" for seed in range(60) for lang in ("en", "zh"))


def test_facts_are_pairs_of_questions_and_answers():
    assert all(q_en.endswith("?") and q_zh.endswith("？") and a_en and a_zh for q_en, a_en, q_zh, a_zh in facts())
