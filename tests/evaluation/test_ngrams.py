"""The n-gram model gives what Kneser-Ney gives by hand, and its probabilities sum to one."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from moe_core.evaluation.ngrams import ngram_losses

A, B = 1, 2


def test_a_bigram_model_worked_by_hand():
    # END a b / END a a b: bigrams END-a twice, a-b twice, a-a once. Vocabulary END, a, b.
    a_after_end, b_after_a = (math.exp(-loss) for loss in ngram_losses([[A, B], [A, A, B]], [[A, B]], 3, order=2)[0])
    # one discount, 0.75. Unigrams count what they follow: a follows END and a, b follows a: 2 and 1 of 3.
    uniform = 1 / 3
    one_a = (2 - 0.75) / 3 + 0.75 * 2 / 3 * uniform
    one_b = (1 - 0.75) / 3 + 0.75 * 2 / 3 * uniform
    assert a_after_end == pytest.approx((2 - 0.75) / 2 + 0.75 * 1 / 2 * one_a)
    assert b_after_a == pytest.approx((2 - 0.75) / 3 + 0.75 * 2 / 3 * one_b)


def test_an_unseen_context_falls_back_to_the_shorter_one():
    after_b = math.exp(-ngram_losses([[A, B], [A, A, B]], [[B, A]], 3, order=2)[0][1])
    assert after_b == pytest.approx((2 - 0.75) / 3 + 0.75 * 2 / 3 / 3)  # nothing ever followed b


texts = some.lists(some.lists(some.integers(1, 4), min_size=1, max_size=6), min_size=1, max_size=4)


@given(texts, some.lists(some.integers(1, 4), max_size=4), some.integers(1, 5))
def test_the_probabilities_of_what_may_follow_sum_to_one(training, before, order):
    judged = [[*before, token] for token in range(5)]
    last = [losses[-1] for losses in ngram_losses(training, judged, 5, order)]
    assert np.exp(-np.array(last)).sum() == pytest.approx(1)


@given(texts, texts)
def test_other_judged_text_changes_nothing(training, judged):
    together = ngram_losses(training, judged, 5, order=3)
    alone = [ngram_losses(training, [text], 5, order=3)[0] for text in judged]
    assert all(np.allclose(*pair) for pair in zip(together, alone, strict=True))


def test_a_longer_memory_helps_where_text_repeats():
    training = [[1, 2, 3, 4, 1, 2, 4, 3]] * 5
    short, long = (np.concatenate(ngram_losses(training, [[1, 2, 3, 4]], 5, order)).sum() for order in (1, 4))
    assert long < short


@pytest.mark.parametrize(("order", "discount"), [(0, 0.5), (2, 0.0), (2, 1.0)])
def test_a_wrong_dial_is_named(order, discount):
    with pytest.raises(ValueError, match=f"got {order} and {discount}"):
        ngram_losses([[1]], [[1]], 3, order, discount)


def test_nothing_to_read_is_refused():
    with pytest.raises(ValueError, match="got 0 and 1"):
        ngram_losses([], [[1]], 3)
