"""One moment of training draws exactly its rows on a scale that stands still; its course marks the moment."""

import numpy as np
import pandas as pd
import pytest
from figure_laws import valid

from app.figures import training_scrubber as figures

LOAD = pd.DataFrame([{"layer": layer, "expert": expert, "share": share, "low": 0.0, "high": 1.0, "chance": 0.5}
                     for layer, shares in ((0, (0.2, 0.8)), (3, (1.0, 0.0))) for expert, share in enumerate(shares)])
LANGUAGES = pd.DataFrame([{"layer": 0, "label": label, "expert": expert, "share": share, "low": share, "high": share}
                          for label, shares in (("en", (0.5, 0.5)), ("zh", (0.75, 0.25)))
                          for expert, share in enumerate(shares)])
COURSE = pd.DataFrame([{"run": run, "step": step, "layer": layer, "value": value + layer / 10, "chance": 0.2}
                       for run, steps in (("balanced", (0, 8, 90)), ("unbalanced", (0, 50)))
                       for value, step in enumerate(steps) for layer in (0, 1)])


def test_an_idle_expert_has_its_cell_and_the_scale_is_the_callers():
    cells = valid(figures.load(LOAD, most=0.9)).data[0]
    assert np.array(cells.z).tolist() == pytest.approx(np.array([[0.2, 0.8], [1.0, 0.0]]))
    assert (cells.zmin, cells.zmax) == (0, 0.9)
    assert valid(figures.load(LOAD, most=0.9)).layout.yaxis.ticktext == ("L0", "L3")


def test_a_language_map_is_chinese_less_english_around_zero():
    cells = valid(figures.languages(LANGUAGES, most=0.4)).data[0]
    assert np.array(cells.z).tolist() == [[0.25, -0.25]]
    assert cells.zmin == -cells.zmax == -0.4


@pytest.mark.parametrize(("step", "place"), [(0, 0), (8, 1), (9, 1), (50, 2), (1000, 3)])
def test_the_course_marks_the_last_step_that_is_not_later(step, place):
    figure = valid(figures.course(COURSE, "max_violation", step))
    assert figure.layout.shapes[0].x0 == place
    assert figure.layout.xaxis.ticktext == ("0", "8", "50", "90")


def test_a_course_is_the_mean_of_the_layers_with_their_range():
    balanced, unbalanced, chance = valid(figures.course(COURSE, "bits", 0)).data
    assert list(balanced.x) == [0, 1, 3]
    assert list(balanced.y) == pytest.approx([0.05, 1.05, 2.05])
    assert list(balanced.error_y.array) == pytest.approx([0.05] * 3)
    assert list(unbalanced.x) == [0, 2]
    assert list(chance.y) == pytest.approx([0.2] * 4)
