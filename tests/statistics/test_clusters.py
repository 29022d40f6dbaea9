"""Tokens of one text are alike: the interval counts texts as well as tokens."""

import numpy as np
import pytest

from moe_core.statistics.clusters import design_effect, wilson_by_text
from moe_core.statistics.intervals import wilson


def test_one_text_is_treated_as_independent_tokens():
    assert wilson_by_text(np.array([3]), np.array([10])) == wilson(3, 10)


def test_texts_that_are_all_or_nothing_count_as_one_token_each():
    # 4 texts of 10: shares 1, 1, 0, 0 -> between (4 · 5²) · 4/3, expected 40/4
    assert design_effect(np.array([10, 10, 0, 0]), np.full(4, 10)) == pytest.approx(100 * 4 / 3 / 10)


def test_texts_that_are_more_even_than_chance_gain_nothing():
    assert design_effect(np.array([5, 5, 5]), np.full(3, 10)) == 1


def test_intervals_of_clustered_tokens_cover_the_truth():
    rng, covered = np.random.default_rng(0), []
    for _ in range(300):
        texts = rng.beta(2, 2, size=30)[:, None] > rng.random((30, 10))  # every text has its own share, on average ½
        low, high = wilson_by_text(texts.sum(axis=1), np.full(30, 10))
        covered.append(low <= 0.5 <= high)
    assert 0.91 < np.mean(covered) < 0.98
