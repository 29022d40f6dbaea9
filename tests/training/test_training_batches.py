"""The batch of a step follows from stream, seed and step alone, and an epoch reads every window once."""

import numpy as np
import pytest

from moe_core.tokenizer import Tokenizer
from moe_core.training.batches import TokenStream, write_stream


@pytest.fixture
def stream(tmp_path):
    path = tmp_path / "numbers.tokens"
    np.arange(41, dtype=np.uint16).tofile(path)  # 0, 1, ..., 40: a token is its own position
    return TokenStream(path, length=4)           # 9 windows


def test_documents_are_packed_with_end_around_each(tmp_path):
    tokenizer = Tokenizer.train(["cat dog"], vocab_size=300)
    write_stream(tmp_path / "tokens", tokenizer, ["cat", "dog"], seed=1)
    tokens = np.fromfile(tmp_path / "tokens", dtype=np.uint16).tolist()
    assert tokens[0] == tokens[-1] == tokenizer.end_id
    assert tokens.count(tokenizer.end_id) == 3
    middle = tokens.index(tokenizer.end_id, 1)
    assert {tokenizer.decode(tokens[:middle]), tokenizer.decode(tokens[middle:])} == {"cat", "dog"}


def test_a_window_is_a_run_of_neighbours_one_longer_than_it_reads(stream):
    batch = stream.batch(step=0, size=3, seed=0)
    assert batch.shape == (3, 5)
    assert (batch.diff(dim=1) == 1).all()


def test_an_epoch_reads_every_window_once(stream):
    starts = [int(stream.batch(step, size=3, seed=0)[row, 0]) for step in range(3) for row in range(3)]
    assert len({start // 4 for start in starts}) == 9
    assert len({start % 4 for start in starts}) == 1


def test_a_step_reads_the_same_windows_whatever_was_read_before(stream, tmp_path):
    fresh = TokenStream(tmp_path / "numbers.tokens", length=4)
    earlier = [stream.batch(step, size=2, seed=3) for step in range(8)]
    assert (fresh.batch(7, size=2, seed=3) == earlier[7]).all()


def test_seeds_differ_and_epochs_differ(stream):
    first = stream.batch(0, size=9, seed=0)
    assert (first != stream.batch(0, size=9, seed=1)).any()
    assert (first != stream.batch(1, size=9, seed=0)).any()


def test_held_out_batches_are_fixed_and_spread_over_the_stream(stream):
    starts = [start for part in range(3) for start in stream.spread(2, part, 3)[:, 0].tolist()]
    assert sorted(starts) == [0, 4, 12, 16, 24, 32]


def test_a_corpus_shorter_than_two_windows_is_refused(tmp_path):
    np.arange(8, dtype=np.uint16).tofile(tmp_path / "short.tokens")
    with pytest.raises(ValueError, match=r"at least 9 tokens, got 8: .*short\.tokens"):
        TokenStream(tmp_path / "short.tokens", length=4)
