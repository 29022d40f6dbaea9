"""A shift names the tokens that either side finds likeliest, and its divergence is 0 only when nothing moved."""

import numpy as np
import pytest

from moe_core.statistics.shift import COLUMNS, divergence, shift_table

BEFORE = np.array([0.5, 0.3, 0.1, 0.1])
AFTER = np.array([0.1, 0.3, 0.0, 0.6])


def test_the_likeliest_of_either_side_come_in_the_order_of_before():
    table = shift_table(BEFORE, AFTER, most=3)
    assert list(table.columns) == COLUMNS
    assert table.to_numpy().tolist() == [[0, 0.5, 0.1], [1, 0.3, 0.3], [3, 0.1, 0.6]]


def test_a_small_vocabulary_is_shown_whole():
    assert shift_table(BEFORE, AFTER)["token_id"].tolist() == [0, 1, 2, 3]


def test_a_divergence_worked_by_hand():
    found = divergence(np.array([0.5, 0.5]), np.array([0.25, 0.75]))
    assert found == pytest.approx(0.5 * np.log(2) + 0.5 * np.log(2 / 3))


def test_nothing_moved_is_zero_and_a_ruled_out_token_is_infinite():
    assert divergence(BEFORE, BEFORE) == 0
    assert divergence(BEFORE, AFTER) == np.inf


def test_different_vocabularies_are_refused():
    with pytest.raises(ValueError, match=r"equally long lists, got shapes \(4,\) and \(3,\)"):
        shift_table(BEFORE, AFTER[:3])
