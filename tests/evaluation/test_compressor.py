"""A compressor is charged for the judged text only."""

import pytest

from moe_core.evaluation.compressor import bits_per_byte

TEXT = "The quick brown fox jumps over the lazy dog near the bank of the river.\n"


def test_text_that_was_read_before_costs_next_to_nothing():
    assert bits_per_byte(TEXT, sample=TEXT * 3) < 0.2 * bits_per_byte(TEXT)


def test_a_text_that_repeats_itself_costs_less():
    assert bits_per_byte(TEXT * 20) < bits_per_byte(TEXT)


def test_no_text_is_refused():
    with pytest.raises(ValueError, match="got none"):
        bits_per_byte("")
