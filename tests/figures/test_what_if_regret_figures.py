"""Pictures of selection by performance: bars where the table says, chance where it says, frames only beyond doubt."""

import numpy as np
import pandas as pd
import pytest
from figure_laws import ready_for_the_page

from app.figures import what_if_regret as figures

LAYERS = pd.DataFrame({
    "layer": [0, 3], "n": 40, "regret": [0.5, 0.25], "low": [0.4, 0.2], "high": [0.6, 0.3],
    "gain": [0.1, -0.1], "gain_low": [0.0, -0.2], "gain_high": [0.2, 0.0],
    "agree": [0.25, 0.125], "agree_low": [0.125, 0.0], "agree_high": [0.375, 0.25], "agree_chance": 1 / 6,
    "common": [0.5, 0.625], "common_low": [0.25, 0.5], "common_high": [0.75, 0.75], "common_chance": 0.5})
EXPERTS = pd.DataFrame({
    "layer": [0, 0, 3, 3], "expert": [0, 1, 0, 1], "learned": [0.5, 0.5, 0.75, 0.25],
    "hindsight": [0.5, 0.5, 0.5, 0.5], "difference": [0.0, 0.0, -0.25, 0.25], "low": [-0.1, -0.1, -0.5, 0.125],
    "high": [0.1, 0.1, 0.125, 0.5], "chance": 0.5, "n": 40})


@pytest.mark.parametrize("figure", [figures.regret(LAYERS), figures.agreement(LAYERS), figures.loads(EXPERTS)])
def test_every_figure_is_ready_for_the_page(figure):
    ready_for_the_page(figure)


def test_bars_stand_where_the_table_says():
    regret, gain = figures.regret(LAYERS).data
    assert np.asarray(regret["y"]).tolist() == [0.5, 0.25]
    assert np.asarray(gain["error_y"]["array"]).tolist() == pytest.approx([0.1, 0.1])
    assert list(gain["text"]) == ["L0", "L3"]


def test_both_chances_are_drawn():
    shapes = figures.agreement(LAYERS).layout.shapes
    assert [shape["y0"] for shape in shapes] == pytest.approx([1 / 6, 0.5])


def test_only_a_difference_beyond_doubt_is_framed():
    cells, frames = figures.loads(EXPERTS).data
    assert [list(row) for row in cells["text"]] == [["0", "0"], ["-25", "+25"]]
    x = np.asarray(frames["x"])
    assert np.isfinite(x).sum() == 5  # one rectangle
    assert np.nanmean(x[:4]) == pytest.approx(1)
