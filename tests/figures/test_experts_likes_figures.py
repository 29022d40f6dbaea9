"""A kind of token is pictured over all layers, framed where it is sure; saturation says how much was final when."""

import numpy as np
import pandas as pd
import pytest
from figure_laws import ready_for_the_page

from app.figures.experts_likes import likes
from app.figures.experts_training import settling

PREFERENCES = pd.DataFrame({
    "layer": [0, 0, 2, 2], "expert": [0, 1, 0, 1], "label": "<b>", "share": [0.8, 0.2, 0.5, 0.5],
    "chance": [0.4, 0.6, 0.5, 0.5],
    "lift": [2, 1 / 3, 1, 1], "low": [0.7, 0.1, 0.4, 0.4], "high": [0.9, 0.3, 0.6, 0.6], "chosen": [8, 2, 5, 5],
    "tokens": 10})
SATURATION = pd.DataFrame({
    "step": [0, 0, 5000, 5000], "layer": [0, 2, 0, 2], "share": [0.25, 0.5, 1, 1], "low": [0.1, 0.4, 0.9, 0.9],
    "high": [0.3, 0.6, 1, 1], "chance": 0.2, "tokens": 40})


@pytest.mark.parametrize("figure", [likes(PREFERENCES), settling(SATURATION)])
def test_every_figure_is_ready_for_the_page(figure):
    ready_for_the_page(figure)


def test_colour_is_doublings_over_the_usual_share_and_frames_are_sure():
    cells, frames = likes(PREFERENCES).data
    assert np.asarray(cells["z"]).ravel() == pytest.approx([1, np.log2(1 / 3), 0, 0])
    assert np.isfinite(np.asarray(frames["x"])).sum() == 2 * 5  # two rectangles, both in layer 0
    assert np.nanmax(np.asarray(frames["y"])) < 0.5


def test_saturation_stands_by_step_and_layer():
    cells, = settling(SATURATION).data
    assert np.asarray(cells["z"]).tolist() == [[0.25, 1], [0.5, 1]]
    assert list(settling(SATURATION).layout.xaxis.ticktext) == ["0", "5,000"]
    assert np.asarray(cells["customdata"])[0, 1].tolist() == pytest.approx([0.9, 1, 0.2, 5000])
