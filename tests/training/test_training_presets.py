"""The learning rate warms up, falls along half a cosine, and ends with the steps or with the clock."""

import pytest

from moe_core.training.presets import PRESETS, Dials

TWINS = ("main", "dense-active", "dense-total")
DIALS = Dials(steps=1000, minutes=10, learning_rate=1.0, warmup_steps=100)


@pytest.mark.parametrize(("step", "seconds", "progress"), [(500, 0, 0.5), (0, 300, 0.5), (900, 60, 0.9), (5, 700, 1.0)])
def test_progress_is_by_steps_or_by_the_clock_whichever_is_further(step, seconds, progress):
    assert DIALS.progress(step, seconds) == progress


def test_without_a_time_limit_the_clock_does_not_matter():
    assert Dials(steps=100).progress(50, 1e9) == 0.5


def test_the_learning_rate_rises_then_falls_to_a_tenth():
    assert DIALS.learning_rate_at(0, 0) == pytest.approx(0.01)
    assert DIALS.learning_rate_at(99, 0) > 0.97
    assert DIALS.learning_rate_at(500, 0) == pytest.approx(0.55)
    assert DIALS.learning_rate_at(1000, 0) == pytest.approx(0.1)


@pytest.mark.parametrize("name", ["first", "tiny"])
def test_a_small_preset_ends_by_the_clock(name):
    assert PRESETS[name].progress(0, 3600) == 1.0


@pytest.mark.parametrize("name", ["main", "dense-active", "dense-total"])
def test_a_main_preset_ends_after_thirty_million_tokens_however_long_it_takes(name):
    dials = PRESETS[name]
    assert dials.progress(dials.steps - 1, 1e9) < 1
    assert dials.steps * dials.batch_size * dials.length >= 30_000_000


def test_the_twins_read_what_the_main_model_reads_in_the_same_order():
    reading = [(dials.steps, dials.batch_size, dials.length, dials.seed) for dials in map(PRESETS.get, TWINS)]
    assert reading == [reading[0]] * len(TWINS)


def test_snapshots_are_kept_before_the_first_step_then_evenly_in_the_logarithm():
    assert sorted(Dials(steps=512, snapshots=4).snapshot_steps()) == [0, 8, 32, 128, 512]


def test_no_snapshot_is_kept_unasked():
    assert not Dials(steps=512).snapshot_steps()
