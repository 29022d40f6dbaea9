"""A corpus file's richness by hand, and a fault in it named with file and line."""

import zlib

import pytest

from moe_core.corpus.__main__ import write
from moe_core.corpus.mixture import stream
from moe_core.corpus.report import documents, new_per_million, overlap, report, zlib_bits


def test_bits_per_character_are_zlibs():
    assert zlib_bits("abc") == 8 * len(zlib.compress(b"abc", 9)) / 3


def test_new_grams_are_counted_in_the_last_half():
    # second half "e f g h": pairs ef fg gh are new, per million of its 4 words
    assert new_per_million(["a b c d", "e f g h"], 2) == pytest.approx(3e6 / 4)
    assert new_per_million(["a b c d", "a b c d"], 2) == 0


def test_overlap_is_the_share_of_held_out_grams():
    assert overlap(["a b c d"], ["a b c x"], length=2) == pytest.approx(2 / 3)
    assert overlap(["小猫喜欢狗"], ["小猫喜欢鱼"], length=4) == pytest.approx(1 / 2)
    assert overlap(["a"], ["a"], length=2) == 0


def test_a_report_is_by_language():
    told = report([{"lang": "en", "text": "one two"}, {"lang": "zh", "text": "三"}, {"lang": "en", "text": "four"}])
    assert {language: (row["documents"], row["characters"]) for language, row in told.items()} == {
        "en": (2, 11), "zh": (1, 1)}


@pytest.mark.parametrize(("raw", "complaint"), [
    (b"", "is empty"), (b"\xff\xfe", "is not UTF-8"), (b"{}", 'line 1: expected an object with a "text"'),
    (b'{"text": "a"}\nnot json', "line 2: expected"), (b'{"text": "' + b"x" * 10_000_000, "at most 1000000 are read"),
])
def test_a_broken_file_is_named(tmp_path, raw, complaint):
    path = tmp_path / "corpus.jsonl"
    path.write_bytes(raw)
    with pytest.raises(ValueError, match=rf"corpus\.jsonl.*{complaint}"):
        list(documents(path))


def test_a_full_disk_leaves_the_earlier_corpus(tmp_path, monkeypatch):
    out = tmp_path / "corpus.jsonl"
    write(3, 0, out, None)
    before = out.read_text(encoding="utf-8")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("moe_core.corpus.__main__.os.fsync", full)
    with pytest.raises(ValueError, match=r"corpus\.jsonl could not be written \(No space left on device\)"):
        write(5, 1, out, None)
    assert out.read_text(encoding="utf-8") == before
    assert [path.name for path in tmp_path.iterdir()] == ["corpus.jsonl"]


def test_little_of_the_held_out_stories_is_in_training_word_for_word():
    """Plots and paraphrases recur, people and orders do not: 13 words in a row are seldom the same."""
    def stories(evaluation: bool, count: int) -> list[str]:
        told = (document for document in stream(0, None, evaluation) if document.domain == "story_en")
        return [next(told).text for _ in range(count)]

    assert overlap(stories(False, 60), stories(True, 20)) < 0.25
