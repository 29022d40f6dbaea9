"""A corpus is read whole, or refused with the file and the line that is wrong."""

import json

import pytest

from moe_core.training.documents import is_chinese, read_documents, sentences_for_tokenizer


@pytest.fixture
def corpus(tmp_path):
    def write(content: bytes):
        path = tmp_path / "corpus.jsonl"
        path.write_bytes(content)
        return path

    return write


def line(text: str) -> bytes:
    return json.dumps({"text": text, "lang": "en"}).encode() + b"\n"


def test_documents_keep_their_order_and_blank_lines_are_skipped(corpus):
    assert read_documents(corpus(line("one") + b"\n" + line("二\n三"))) == ["one", "二\n三"]


@pytest.mark.parametrize("content", [b"", b"\n\n"])
def test_an_empty_corpus_is_refused(corpus, content):
    with pytest.raises(ValueError, match=r"holds no documents: .*corpus\.jsonl"):
        read_documents(corpus(content))


def test_a_wrong_encoding_is_named(corpus):
    with pytest.raises(ValueError, match=r"not UTF-8: .*corpus\.jsonl"):
        read_documents(corpus('{"text": "我喜欢"}\n'.encode("gb18030")))


@pytest.mark.parametrize("bad", [b"plain text", b'{"words": "a"}', b'{"text": 3}', b'["text"]', rb'{"text": "\ud800"}'])
def test_a_line_of_another_kind_is_named_by_its_number(corpus, bad):
    with pytest.raises(ValueError, match=r'corpus\.jsonl, line 2: expected an object with a "text" string'):
        read_documents(corpus(line("fine") + bad + b"\n"))


def test_a_line_of_ten_megabytes_is_refused(corpus):
    with pytest.raises(ValueError, match=r"line 1: a document must stay under 1000000 characters"):
        read_documents(corpus(line("x" * 10_000_000)))


def test_a_missing_corpus_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"missing: .*nowhere\.jsonl"):
        read_documents(tmp_path / "nowhere.jsonl")


def test_a_text_is_chinese_from_a_fifth_of_its_characters():
    assert is_chinese("我喜欢学习AI")
    assert not is_chinese("The word 猫 means cat.")


def test_the_tokenizer_sees_each_sentence_once_and_both_languages_evenly():
    documents = ["A cat sat. " * 50, *(f"{number} birds sang." for number in range(90)), "猫坐着。狗在跑。" * 9]
    sample = list(sentences_for_tokenizer(documents))
    assert len(sample) == len(set(sample))
    assert {"猫坐着。", "狗在跑。"} <= set(sample)
    english = sum(len(sentence) for sentence in sample if not is_chinese(sentence))
    assert 20 <= english <= 40  # 2.5 times the eight Chinese characters, and the sentence that crosses the line
