"""The learning rate warms up, falls along half a cosine, and ends with the steps or with the clock."""

import pytest

from moe_core.training.presets import PRESETS, Dials

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


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_ends_by_the_clock(name):
    assert PRESETS[name].progress(0, 3600) == 1.0
