"""Tokens lose nothing: every text comes back, every piece can be read, and only documents hold END."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moe_core.tokenizer import END, Piece, Tokenizer

TEXTS = ["the cat likes the dog", "我喜欢学习", "我喜欢猫，他喜欢狗。", "the cat sat. 喜欢",
         "once upon a time there was a little dog", "she wanted to sing and to dance"] * 4
ODD = ["", "▁ a▁b", "<0x41>", END, "🙂👩‍👩‍👧", "שלום \u202eabc", "\x00\x07\r\n\t\x7f", "鑫", "  two  spaces "]
LONG = "a" * 10_000


@pytest.fixture(scope="module")
def tokenizer():
    return Tokenizer.train(TEXTS, vocab_size=300)


@given(text=st.text())
def test_every_text_comes_back(tokenizer, text):
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert tokenizer.end_id not in ids
    assert tokenizer.encode(tokenizer.decode(ids)) == ids


@pytest.mark.parametrize("text", [*ODD, LONG])
def test_odd_texts_come_back_and_never_hold_end(tokenizer, text):
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert tokenizer.end_id not in ids


@given(text=st.text())
def test_pieces_join_to_the_text(tokenizer, text):
    pieces = tokenizer.pieces(tokenizer.encode(text))
    assert "".join(piece.text for piece in pieces if piece.part == 1) == text


@given(ids=st.lists(st.integers(0, 299)))
def test_no_ids_show_a_replacement_character(tokenizer, ids):
    pieces = tokenizer.pieces(ids)
    assert len(pieces) == len(ids)
    assert "\ufffd" not in tokenizer.decode(ids) or "\ufffd" in "".join(piece.text for piece in pieces)


def test_a_character_outside_the_alphabet_is_shown_whole_in_three_parts(tokenizer):
    pieces = tokenizer.pieces(tokenizer.encode("鑫"))
    assert [piece.label for piece in pieces] == ["鑫 1/3", "鑫 2/3", "鑫 3/3"]


def test_broken_bytes_are_shown_as_numbers_and_left_out_of_the_text(tokenizer):
    first_byte, *_ = tokenizer.encode("鑫")
    cat = tokenizer.encode(" cat")
    assert tokenizer.pieces([first_byte, *cat, first_byte])[0] == Piece("0xE9", 1, 1)
    assert tokenizer.decode([first_byte, *cat, first_byte]) == " cat"


def test_end_is_left_out_of_the_text(tokenizer):
    assert tokenizer.decode([tokenizer.end_id, *tokenizer.encode("cat"), tokenizer.end_id]) == "cat"


def test_common_words_are_single_pieces_and_digits_stand_alone(tokenizer):
    pieces = tokenizer.pieces(tokenizer.encode("the cat喜欢12"))
    assert [piece.text for piece in pieces] == ["the", " cat", "喜欢", "1", "2"]


def test_no_chinese_piece_is_a_phrase():
    tokenizer = Tokenizer.train(["从前有一个小女孩"] * 50, vocab_size=400)
    assert max(len(piece.text) for piece in tokenizer.pieces(tokenizer.encode("从前有一个小女孩"))) <= 2


def test_half_a_surrogate_pair_is_refused_with_its_place(tokenizer):
    with pytest.raises(ValueError, match=r"got U\+D800 at position 2"):
        tokenizer.encode("ab\ud800")


def test_an_id_outside_the_vocabulary_is_refused(tokenizer):
    with pytest.raises(ValueError, match=r"must lie in 0\.\.299, got 300"):
        tokenizer.pieces([300])


def test_a_vocabulary_without_room_for_pieces_is_refused():
    with pytest.raises(ValueError, match="must be above 257"):
        Tokenizer.train(TEXTS, vocab_size=257)


def test_a_saved_tokenizer_gives_the_same_ids(tokenizer, tmp_path):
    tokenizer.save(tmp_path)
    loaded = Tokenizer.load(tmp_path)
    assert loaded.vocab_size == tokenizer.vocab_size == 300
    assert [loaded.encode(text) for text in ODD] == [tokenizer.encode(text) for text in ODD] == loaded.encode_all(ODD)


def test_transformers_reads_the_saved_folder_to_the_same_ids(tokenizer, tmp_path):
    transformers = pytest.importorskip("transformers")
    tokenizer.save(tmp_path)
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path)
    assert theirs.eos_token_id == theirs.bos_token_id == tokenizer.end_id
    for text in [*TEXTS, *ODD]:
        ids = tokenizer.encode(text)
        assert theirs(text)["input_ids"] == ids
        assert theirs.decode(ids, skip_special_tokens=True) == text


def test_a_missing_tokenizer_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"tokenizer\.json"):
        Tokenizer.load(tmp_path)


@pytest.mark.parametrize("content", ["", "{", '{"version": "1.0"}'])
def test_a_damaged_tokenizer_file_is_named(tmp_path, content):
    (tmp_path / "tokenizer.json").write_text(content)
    with pytest.raises(ValueError, match=r"damaged: .*tokenizer\.json"):
        Tokenizer.load(tmp_path)


def test_of_equally_common_characters_the_lower_code_points_are_learnt():
    texts = ["".join(chr(0x4E00 + number) for number in range(60))]  # every character once
    tokenizer = Tokenizer.train(texts, vocab_size=1 + 256 + 30)      # room for a third of thirty
    learnt = [character for character in texts[0] if len(tokenizer.encode(character)) == 1]
    assert learnt == list(texts[0][:10])
