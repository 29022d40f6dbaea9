"""A word list is read whole or refused with its reason; the shipped one is what its builder makes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moe_core.lab import wordlist
from moe_core.lab.errors import LabError

TEN = "\n".join(f"w{number}" for number in range(10))


def refused(data: bytes | str) -> LabError:
    with pytest.raises(LabError) as caught:
        wordlist.read(data)
    return caught.value


def test_the_shipped_list_is_what_the_builder_makes():
    assert wordlist.SHIPPED.read_text(encoding="utf-8") == wordlist.build()


def test_the_shipped_list_holds_a_thousand_words_half_of_them_chinese():
    words = wordlist.shipped()
    chinese = [word for word in words.words if "\u4e00" <= word[0] <= "\u9fff"]
    assert (len(words.words), words.repeats, len(chinese)) == (1000, 0, 500)


def test_the_articles_sentence_stands_in_it_word_by_word():
    words = wordlist.shipped()
    places = words.find(("我", "喜欢", "学习", "AI"))
    assert places == list(range(places[0], places[0] + 4))


@pytest.mark.parametrize(("data", "reason", "told"), [
    (b"", "words.empty", "empty"),
    (b" \n\n\t\n", "words.empty", "empty"),
    ("one\ntwo\n", "words.few", "2 different words"),
    ("\n".join(["same"] * 100), "words.few", "1 different"),
    ("\n".join(map(str, range(100_000))), "words.lines", "100000 lines"),
    ("\n".join(map(str, range(1001))), "words.many", "1001 different words"),
    (TEN + "\n" + "x" * 41, "words.long", "line 11 has 41"),
    (b"\x7fELF\x02\x01\x00\x00", "text.binary", "zero byte"),
    (bytes(range(128, 256)) * 8, "text.encoding", "neither UTF-8 nor GB 18030"),
    (bytes(range(1, 32)) * 8, "text.encoding", "neither"),
])
def test_what_cannot_be_learned_from_is_refused(data, reason, told):
    error = refused(data)
    assert error.reason == reason
    assert told in str(error)


def test_a_repeated_word_keeps_its_place_in_the_sequence_and_one_entry():
    words = wordlist.read(TEN + "\nw3\nw0")
    assert (words.repeats, words.sequence[-2:], len(words.words)) == (2, (3, 0), 10)


def test_gbk_and_marks_at_the_beginning_are_read():
    chinese = "我 喜欢 学习 人工 智能 小猫 小狗 花园 下雨 书".replace(" ", "\r\n")
    expected = wordlist.read(chinese).words
    assert expected[0] == "我"
    for encoding in ("gbk", "utf-8-sig", "utf-16"):
        assert wordlist.read(chinese.encode(encoding)).words == expected


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data):
    try:
        words = wordlist.read(data)
    except LabError:
        return
    assert all(word == word.strip() and word for word in words.words)


@given(st.lists(st.text(alphabet="abc我你", min_size=1, max_size=4), min_size=1, max_size=60))
def test_the_sequence_spells_the_lines(lines):
    if len(set(lines)) >= wordlist.LEAST_WORDS:
        words = wordlist.read("\n".join(lines))
        assert [words.words[place] for place in words.sequence] == lines
