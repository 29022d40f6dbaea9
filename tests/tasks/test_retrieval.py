"""A search puts the right story first, ranks are counted by hand, and ties give nothing away."""

import numpy as np
import pytest

from moe_core.tasks.retrieval import StateIndex, WordIndex, nearest, reciprocal_ranks, words_of


def test_the_reciprocal_rank_of_a_tie_is_that_of_its_mean_place():
    likeness = np.array([[0.9, 0.1, 0.5], [0.9, 0.1, 0.5], [0.2, 0.2, 0.2]])
    assert reciprocal_ranks(likeness, [0, 1, 2]).tolist() == pytest.approx([1, 1 / 3, 1 / 2])


def test_the_nearest_come_best_first():
    assert [(one.place, one.nearness) for one in nearest(np.array([0.1, 0.9, 0.9, 0.3]), 3)] == [
        (1, 0.9), (2, 0.9), (3, 0.3)]


def test_words_of_both_languages():
    assert words_of("The Cat, 3 小狗!") == ["the", "cat", "小", "狗", "小狗"]
    assert words_of("我爱AI") == ["我", "爱", "我爱", "ai"]


def test_shared_words_find_the_story():
    library = ["A cat sat on a mat.", "小狗在花园里玩。", "The dog ran home."]
    found = WordIndex(library).likeness(["花园里的狗", "where did the dog run"]).argmax(1)
    assert found.tolist() == [1, 2]


def test_states_are_centred_on_the_library():
    points = {"a": [10.0, 1.0], "b": [10.0, -1.0], "up?": [10.0, 5.0]}  # all alike but for the second number
    index = StateIndex(lambda texts: np.array([points[text] for text in texts]), ["a", "b"])
    assert index.likeness(["up?"])[0].tolist() == pytest.approx([1, -1])
