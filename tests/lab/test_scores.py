"""Accuracy, macro recall and macro F1 are what a hand counts."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from moe_core.lab.scores import scores


def test_a_hand_counted_case():
    # class 0: 2 of 3 found, 3 guessed -> recall 2/3, precision 2/3; class 1: 1 of 2 found, 2 guessed -> 1/2, 1/2
    found = scores(np.array([0, 0, 0, 1, 1]), np.array([0, 0, 1, 1, 0]), classes=3)
    assert np.allclose(found, [3 / 5, (2 / 3 + 1 / 2) / 2, (2 / 3 + 1 / 2) / 2])


def test_a_class_that_never_occurs_is_no_part_of_the_mean():
    assert scores(np.array([1, 1]), np.array([1, 2]), classes=9) == (0.5, 0.5, 2 / 3)


def test_nothing_to_score_is_not_a_number():
    assert np.isnan(scores(np.array([], int), np.array([], int), classes=3)).all()


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=40))
def test_shares_stay_between_nothing_and_everything(pairs):
    truths, guesses = np.array(pairs).T
    found = scores(truths, guesses, classes=6)
    assert all(0 <= share <= 1 for share in found)
    assert scores(truths, truths, classes=6) == (1, 1, 1)
