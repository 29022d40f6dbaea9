"""Scores are those of the kept libraries, worked by hand on tiny answers; intervals hold the value."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from sklearn.metrics import accuracy_score, precision_recall_fscore_support

from moe_core.tasks.scores import (
    OTHER,
    chrf,
    exact,
    label_of,
    label_scores,
    mean_with_interval,
    resample_counts,
    rouge_l,
)


@pytest.mark.parametrize(("given_", "wanted", "same"), [
    ("Grandpa Zhao.", "grandpa  zhao", 1), ("一只小鸭子", "一只小鸭子。", 1), ("ＡＩ", "AI", 1), ("a dog", "a cat", 0),
    ("", "x", 0),
])
def test_an_exact_match_ignores_case_blanks_and_marks(given_, wanted, same):
    assert exact(given_, wanted) == same


def test_chrf_is_100_for_the_same_and_0_for_nothing_in_common():
    assert chrf("猫喜欢狗", "猫喜欢狗") == pytest.approx(100)
    assert chrf("xyz", "猫喜欢狗") == 0


def test_rouge_l_counts_chinese_characters():
    # longest common run with gaps of 我喜欢猫 and 我喜欢狗: 3 of 4 on both sides
    assert rouge_l("我喜欢猫", "我喜欢狗。") == pytest.approx(0.75)
    assert rouge_l("the cat sat", "The cat ran away") == pytest.approx(2 * (2 / 3) * (2 / 4) / (2 / 3 + 2 / 4))
    assert rouge_l("", "a") == 0


def test_labels_are_read_from_the_beginning_of_an_answer():
    assert label_of(" Positive.", ("positive", "negative")) == "positive"
    assert label_of("好评！", ("好评", "差评")) == "好评"
    assert label_of("I liked it", ("positive", "negative")) == OTHER


ANSWERS = some.sampled_from(["good", "bad", OTHER])


@given(some.lists(some.tuples(ANSWERS, some.sampled_from(["good", "bad"])), min_size=1, max_size=12))
def test_label_scores_are_those_of_scikit_learn(pairs):
    answers, wanted = (list(one) for one in zip(*pairs, strict=True))
    _, recall, f1, _ = precision_recall_fscore_support(wanted, answers, labels=sorted(set(wanted)), average="macro",
                                                       zero_division=0)
    found = label_scores(answers, wanted)
    assert found["accuracy"].value == pytest.approx(accuracy_score(wanted, answers))
    assert (found["macro_recall"].value, found["macro_f1"].value) == pytest.approx((recall, f1))


def test_label_scores_by_hand():
    wanted = ["good", "good", "good", "bad"]
    found = label_scores(["good", "good", OTHER, "good"], wanted)
    assert found["accuracy"].value == pytest.approx(0.5)
    assert found["macro_recall"].value == pytest.approx((2 / 3 + 0) / 2)
    assert found["macro_f1"].value == pytest.approx((2 * (2 / 3) * (2 / 3) / (4 / 3) + 0) / 2)
    assert all(score.low <= score.value <= score.high for score in found.values())


@given(some.lists(some.floats(0, 1), min_size=1, max_size=30))
def test_the_interval_of_a_mean_holds_it(values):
    found = mean_with_interval(values)
    assert found.low - 1e-9 <= found.value <= found.high + 1e-9
    assert found.value == pytest.approx(np.mean(values))


def test_resampling_draws_as_many_as_there_are():
    assert (resample_counts(7, 0, 50).sum(1) == 7).all()


def test_no_value_has_no_mean():
    with pytest.raises(ValueError, match="got 0"):
        mean_with_interval([])
