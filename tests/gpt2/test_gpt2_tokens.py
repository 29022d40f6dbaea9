"""A byte-level token is a run of bytes: nothing is lost, and no text takes more tokens than it has bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import GPT2Tokenizer

from moe_core.gpt2.tokens import END, ByteTokenizer, most_tokens, piece_of

ENGLISH = ByteTokenizer.train(["I like learning. I like the cat."] * 5, 300)  # as GPT-2's: it never saw Chinese


@given(st.text(max_size=60))
def test_no_text_takes_more_tokens_than_it_has_bytes_and_none_is_lost(text):
    if END in text:
        return
    token_ids = ENGLISH.encode(text)
    assert len(token_ids) <= most_tokens(text)
    assert ENGLISH.backend.decode(token_ids) == text


def test_a_tokenizer_that_never_saw_chinese_shreds_it_into_bytes():
    assert most_tokens("我喜欢学习AI") == 5 * 3 + 2
    assert len(ENGLISH.encode("我喜欢学习AI")) == 17
    assert ENGLISH.pieces(ENGLISH.encode("我")) == ["E6", "88", "91"]
    assert len(ENGLISH.encode(" like")) == 1


def test_pieces_are_read_as_text():
    assert ENGLISH.pieces(ENGLISH.encode("I like")) == ["I", " like"]
    assert piece_of(END) == END


def test_the_alphabet_is_gpt2s_own():
    by_transformers = GPT2Tokenizer(tokenizer_object=ENGLISH.backend)
    text = "".join(map(chr, range(1, 256))) + "我\u3000🙂"
    assert by_transformers.encode(text) == ENGLISH.encode(text)
    letters = by_transformers.convert_ids_to_tokens(ENGLISH.encode("\n\x7f\xad"))
    assert "".join(map(piece_of, letters[:1])) == "\n"


def test_a_vocabulary_without_room_and_a_file_without_end_are_refused(tmp_path):
    with pytest.raises(ValueError, match="above 257"):
        ByteTokenizer.train(["a"], 257)
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(ValueError, match=r"tokenizer\.json holds no GPT-2 tokenizer"):
        ByteTokenizer.load(tmp_path)
