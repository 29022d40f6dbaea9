"""The same seed writes the same documents; no document shows its scaffolding, and the two splits share nothing."""

import hashlib
import itertools
import json
import lzma
import re

import pytest

from moe_core.corpus import outside, sources
from moe_core.corpus.documents import MAKERS, hand_written
from moe_core.corpus.mixture import WORLD_SHARES, stream
from moe_core.corpus.split import held_out

HAN = "\u4e00-\u9fff"


def first(count, seed=0, evaluation=False):
    return list(itertools.islice(stream(seed, None, evaluation), count))


@pytest.fixture(scope="module")
def documents():
    return first(1500)


def test_the_same_seed_writes_the_same_documents(documents):
    assert first(40) == documents[:40]


def test_another_seed_writes_other_documents(documents):
    assert first(40, seed=1) != documents[:40]


def test_every_domain_has_a_maker_and_a_share():
    assert set(WORLD_SHARES) == set(MAKERS)


def test_no_slot_is_left_unfilled(documents):
    written = [d.text for d in documents if d.domain != "code"]
    assert [text for text in written if re.search(r"[{}]", text)] == []


def test_no_document_names_its_domain(documents):
    assert [d for d in documents if d.domain in d.text or d.text != d.text.strip()] == []


def test_chinese_stories_use_chinese_punctuation_and_no_spaces_between_han(documents):
    stories = [d.text for d in documents if d.domain in ("story_zh", "story_task_zh", "diary_zh", "learning_zh")]
    wrong = [s for text in stories for s in re.findall(rf"[{HAN}] [{HAN}]|[{HAN}][,.?!;:]", text)]
    assert stories
    assert wrong == []


def test_english_sentences_begin_with_a_capital(documents):
    stories = [d.text for d in documents if d.domain in ("story_en", "diary_en", "learning_en")]
    assert [s for text in stories for s in re.findall(r'(?:^|(?<=[a-z][.] ))[a-z]\w+ \w+', text)] == []


def test_once_upon_a_time_opens_many_stories_in_both_languages(documents):
    for domain, opening in (("story_en", "nce upon a time"), ("story_zh", "从前")):
        stories = [d.text for d in documents if d.domain == domain]
        assert sum(opening in text for text in stories) >= 0.1 * len(stories)


def test_latin_words_stand_inside_chinese_learning_pages(documents):
    pages = [d.text for d in documents if d.domain == "learning_zh"]
    assert sum(bool(re.search(rf"[{HAN}][A-Za-z]{{2,}}[{HAN}，。]", page)) for page in pages) >= 0.3 * len(pages)


def test_the_two_splits_share_no_plan():
    assert all(held_out("plan", seed) in (True, False) for seed in range(10))
    assert 10 < sum(held_out("plan", seed) for seed in range(1000)) < 40


def test_a_story_by_hand_is_on_one_side_only():
    kept, trained = ({story["id"] for story in hand_written(side)} for side in (True, False))
    assert kept
    assert kept.isdisjoint(trained)
    assert len(kept | trained) == 45


def grams(text, length):
    units = re.findall(rf"[{HAN}]|[A-Za-z']+", text)
    return {tuple(units[i : i + length]) for i in range(len(units) - length + 1)}


def test_no_held_out_story_is_told_in_training(documents):
    told = {d.text for d in documents if d.domain.startswith("story")}
    kept = [d.text for d in first(400, evaluation=True) if d.domain.startswith("story")]
    assert told.isdisjoint(kept)
    whole = {gram for text in told for gram in grams(text, 60)}  # longer than any one event of the world
    assert whole.isdisjoint(gram for text in kept for gram in grams(text, 60))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A data folder with two records of every source, its checksums known to the code."""
    known = []
    for source in sources.SOURCES:
        shared = {"lang": "en", "title": "T", "author": "A", "dynasty": "唐"}
        rows = [{"id": f"{source.name}-{n}", "text": f"text {n}", "en": f"word {n}", "zh": f"词{n}"} | shared
                for n in range(200)]
        packed = lzma.compress("\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode())
        (tmp_path / source.file).write_bytes(packed)
        known.append(sources.Source(**{**vars(source), "sha256": hashlib.sha256(packed).hexdigest()}))
    monkeypatch.setattr(outside, "SOURCES", tuple(known))
    return tmp_path


def test_outside_records_stay_on_their_side_of_the_split(folder):
    train = {d.text for d in itertools.islice(stream(0, folder), 800) if d.domain == "book_en"}
    kept = {d.text for d in itertools.islice(stream(0, folder, evaluation=True), 400) if d.domain == "book_en"}
    assert train
    assert kept
    assert train.isdisjoint(kept)


def test_a_small_source_still_has_records_on_both_sides(folder):
    for evaluation in (True, False):
        assert all(outside.Records(folder, evaluation).rows.values())


def test_a_storybook_and_its_translation_are_on_the_same_side():
    for number in range(200):
        assert len({outside._kept(f"asp-{kind}-{number:04}{page}", share)
                    for kind, page, share in (("en", "", 10), ("zh", "", 10), ("pair", "-06", 50))}) == 1
