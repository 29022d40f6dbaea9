"""Tokens of one text are alike: the interval counts texts as well as tokens."""

import numpy as np
import pytest
from routing_tables import leaning_routing

from moe_core.statistics.clusters import design_effect, effect_of_likeness, likeness, wilson_by_text
from moe_core.statistics.coactivation import coactivation_table
from moe_core.statistics.intervals import wilson
from moe_core.statistics.load import load_table
from moe_core.statistics.reads import reads_table
from moe_core.statistics.repeats import repeats_table

EXPERTS, TEXTS, LEAN = 5, 60, 1.0


def same_first_in_leaning_texts() -> float:
    """That two tokens of a text share their first choice: the mean over texts of the sum of squared chances."""
    chances = np.exp(LEAN * np.random.default_rng(9).normal(size=(100_000, EXPERTS)))
    return float(((chances / chances.sum(axis=1, keepdims=True)) ** 2).sum(axis=1).mean())


COUNTED = {  # what is counted, and what is true of it: over all texts no expert is preferred
    "load": (load_table, lambda: 1 / EXPERTS),
    "coactivation": (coactivation_table, lambda: 1 / (EXPERTS - 1)),
    "repeats": (lambda routing: repeats_table(routing).iloc[:1], same_first_in_leaning_texts),
    "reads": (lambda routing: reads_table(routing, top=99, fewest=0), lambda: 1.0),
}


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


def covered(name: str, in_one_text: bool) -> float:
    """How often the interval of one count holds what is true, over 30 corpora of texts that lean."""
    count, true = COUNTED[name]
    truth, inside = true(), []
    for seed in range(30):
        words = np.random.default_rng(seed).permutation(TEXTS * 2) % 20  # each of 20 words five times in a row
        routing = leaning_routing(seed, TEXTS, EXPERTS, lean=LEAN, token=words.repeat(5).astype(str))
        if in_one_text:  # where a text ends there is a gap, so that the same neighbours are counted
            routing = routing.assign(position=routing["text"] * 100 + routing["position"], text=0)
        table = count(routing)
        inside.append((table["low"] <= truth) & (truth <= table["high"]))
    return float(np.concatenate(inside).mean())


@pytest.mark.parametrize("name", COUNTED)
def test_what_is_counted_over_texts_that_lean_lies_in_its_interval(name):
    assert covered(name, in_one_text=False) == pytest.approx(0.95, abs=0.03)


@pytest.mark.parametrize("name", COUNTED)
def test_the_same_tokens_as_one_text_have_an_interval_that_is_too_narrow(name):
    assert covered(name, in_one_text=True) < 0.9


def test_where_texts_cannot_tell_a_text_counts_as_one_token():
    never, elsewhere = np.array([[0], [0], [0]]), np.array([[0], [0], [2]])
    assert design_effect(never, np.full((3, 1), 10)) == 10
    assert design_effect(elsewhere, np.array([[0], [0], [4]])) == 4
    assert design_effect(np.array([[0], [0]]), np.array([[0], [0]])) == 1


def test_likeness_by_hand():
    # One word in two texts: yes yes | no no. Within texts all pairs agree, across them none: alike through and through.
    assert likeness(np.array([2, 0]), np.array([2, 2]), np.array([0, 0])) == 1
    # yes no | yes no: within texts no pair agrees, less than by luck.
    assert likeness(np.array([1, 1]), np.array([2, 2]), np.array([0, 0])) == 0
    # A word of one text alone cannot be compared with another text.
    assert likeness(np.array([2]), np.array([2]), np.array([0])) == 0


def test_likeness_is_that_of_the_texts():
    rng, alike = np.random.default_rng(0), 0.25
    shares = rng.beta(1.5, 1.5, size=3000)  # intraclass correlation 1 / (1.5 + 1.5 + 1)
    trials = rng.integers(1, 5, size=3000)
    found = likeness(rng.binomial(trials, shares)[:, None], trials, np.arange(3000) % 300)  # 300 words in 10 texts each
    assert found == pytest.approx(alike, abs=0.04)


def test_four_in_each_text_that_are_half_alike_are_worth_two_fifths():
    effect = effect_of_likeness(np.array([0.5, 0]), np.array([4, 4, 1]), np.array([0, 0, 1]))
    assert effect.tolist() == [[2.5, 1], [1, 1]]
