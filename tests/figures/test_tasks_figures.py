"""Scores, losses and words are drawn where their tables say, with their intervals, and tokens stay text."""

import pandas as pd
import pytest
from figure_laws import ready_for_the_page, valid

from app.figures import tasks as figures

SCORES = pd.DataFrame([
    ("Feeling", "n = 4", "moe", 0.9, 0.8, 0.95), ("Feeling", "n = 4", "baseline", 0.5, 0.3, 0.7),
    ("Summary", "n = 4", "moe", 0.2, 0.1, 0.3), ("Summary", "n = 4", "baseline", 0.25, 0.2, 0.3),
], columns=["name", "label", "system", "value", "low", "high"])
WORDS = pd.DataFrame([
    ("我", True, "zh", "", 1.0, 0.5, 0.5), ("<b>", True, "en", "", 1.0, -1.0, 0.0),
    ("你", False, "zh", "我", 0.7, 0.6, 0.4),
], columns=["word", "typed", "language", "near_to", "cosine", "x", "y"])


@pytest.mark.parametrize("figure", [figures.scores(SCORES), figures.losses(SCORES), figures.word_map(WORDS)])
def test_every_figure_is_ready_for_the_page(figure):
    ready_for_the_page(figure)


def test_each_system_has_its_points_and_whiskers():
    drawn = {trace["name"]: trace for trace in figures.scores(SCORES).data}
    moe = drawn[figures.OWN["moe"]]
    assert list(moe["x"]) == pytest.approx([0.9, 0.2])
    assert list(moe["error_x"]["array"]) == pytest.approx([0.05, 0.1], abs=1e-6)
    assert list(moe["error_x"]["arrayminus"]) == pytest.approx([0.1, 0.1], abs=1e-6)
    assert drawn.keys() == {figures.OWN["moe"], figures.OWN["baseline"]}


def test_systems_of_one_row_do_not_lie_on_each_other():
    first, second = (trace["y"][0] for trace in figures.scores(SCORES).data)
    assert 0.1 < abs(first - second) < 0.6


def test_typed_words_stand_apart_from_their_neighbours():
    threads, near, typed = figures.word_map(WORDS).data
    assert list(near["text"]) == ["你"]
    assert list(typed["text"]) == ["我", "&lt;b&gt;"]
    assert list(threads["x"][:2]) == pytest.approx([0.6, 0.5])


def test_words_without_neighbours_are_drawn_too():
    valid(figures.word_map(WORDS[WORDS["typed"]]))
