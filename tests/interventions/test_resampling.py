"""Whole texts are resampled, so that tokens that depend on each other do not make an interval too narrow."""

import numpy as np
import pytest

from moe_core.interventions.resampling import FEWEST_TEXTS, PairedResampling
from moe_core.statistics.intervals import paired_bootstrap

RANDOM = np.random.default_rng(0)


def test_where_every_text_is_one_token_it_is_the_paired_bootstrap():
    differences = RANDOM.normal(0.3, 1, 200)
    found = PairedResampling(np.arange(200), seed=1).mean(differences)
    known = paired_bootstrap(np.zeros(200), differences, seed=2)
    assert found.value == pytest.approx(known.value)
    assert (found.low, found.high) == (pytest.approx(known.low, abs=0.02), pytest.approx(known.high, abs=0.02))


def test_tokens_that_all_say_the_same_are_one_observation():
    texts = np.repeat(np.arange(25), 16)
    differences = RANDOM.normal(0, 1, 25)[texts]
    found = PairedResampling(texts, seed=0).mean(differences)
    naive = paired_bootstrap(np.zeros(400), differences, seed=0)
    assert found.high - found.low == pytest.approx(4 * (naive.high - naive.low), rel=0.15)  # sqrt(16) times as wide


@pytest.mark.parametrize(("texts", "unit"), [(FEWEST_TEXTS, "text"), (FEWEST_TEXTS - 1, "token")])
def test_few_texts_are_resampled_by_tokens(texts, unit):
    assert PairedResampling(np.arange(texts).repeat(3), seed=0).unit == unit


def test_only_the_rows_asked_for_are_averaged():
    differences, rows = np.array([1.0, 5.0, 3.0, 100.0]), np.array([True, False, True, False])
    found = PairedResampling(np.zeros(4, int), seed=0).mean(differences, rows)
    assert found.value == 2
    assert (found.low, found.high) == (1, 3)


def test_no_rows_have_no_mean():
    assert np.isnan(PairedResampling(np.zeros(2, int), seed=0).mean(np.ones(2), np.zeros(2, bool))).all()


def test_intervals_cover_the_true_mean_of_dependent_tokens_about_95_times_in_100():
    texts, random, hits = np.repeat(np.arange(80), 5), np.random.default_rng(5), 0
    doubt = PairedResampling(texts, seed=0, resamples=1000)
    for _ in range(400):
        found = doubt.mean(random.normal(0, 1, 80)[texts] + random.normal(0, 1, 400))
        hits += found.low <= 0 <= found.high
    assert 0.91 <= hits / 400 <= 0.98  # three standard errors
