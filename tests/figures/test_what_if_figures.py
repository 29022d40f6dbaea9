"""A picture of a what-if is pale where nothing changed, and frames only what its control cannot explain."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from figure_laws import ready_for_the_page, valid

from app import theme
from app.figures import what_if


@pytest.fixture
def shift():
    return pd.DataFrame({"token": ["cat", "<b>"], "token_id": [3, 7], "before": [0.6, 0.1], "after": [0.2, 0.5]})


@pytest.fixture
def losses():
    return pd.DataFrame({"position": [1, 2], "token": ["a", "<i>"], "before": [1.0, 2.0], "after": [1.5, 1.25]})


@pytest.fixture
def effect():  # L1E2 hurts beyond its control, L3E0 helps beyond it, L1E0 is like the control, L3E2 was not measured
    return pd.DataFrame({
        "layer": [1, 1, 3, 3], "expert": [0, 2, 0, 2], "delta_nats": [0.1, 0.4, -0.2, np.nan],
        "low": [0.0, 0.3, -0.3, np.nan], "high": [0.2, 0.5, -0.1, np.nan],
        "control_low": [0.1, 0.0, 0.0, np.nan], "control_high": [0.3, 0.1, 0.1, np.nan], "n": [8, 8, 8, 0],
        "usage": [0.25, 0.75, 0.5, 0.0]})


REFUSALS = pd.DataFrame({"layer": [0, 0, 2, 2], "position": [0, 1, 0, 1], "token": ["a", "<b>", "a", "<b>"],
                         "slots": 2, "refused": [0, 1, 2, 0], "experts": ["", "E3", "E1 E2", ""]})


def all_figures(shift, losses, effect) -> list[go.Figure]:
    return [what_if.next_tokens(shift), what_if.loss_rise(losses), what_if.effect_map(effect),
            what_if.usage_against_importance(effect), what_if.dropped_tokens(REFUSALS)]


def test_a_place_is_red_as_far_as_its_experts_refused_it():
    cells = what_if.dropped_tokens(REFUSALS).data[0]
    assert np.asarray(cells["z"]).tolist() == [[0, 0.5], [1, 0]]
    assert cells["colorscale"][-1][1] == theme.FLIP
    assert np.asarray(cells["customdata"])[0, 1].tolist() == ["&lt;b&gt;", 1, 2, "E3"]


def test_every_figure_is_ready_for_the_page(shift, losses, effect):
    for figure in all_figures(shift, losses, effect):
        ready_for_the_page(figure)


def test_before_and_after_stand_side_by_side_for_every_token(shift):
    before, after = what_if.next_tokens(shift).data
    assert before.x.tolist() == pytest.approx([0.6, 0.1])
    assert after.x.tolist() == pytest.approx([0.2, 0.5])
    assert list(after.text) == ["20%", "50%"]
    assert list(after.customdata) == ["cat", "&lt;b&gt;"]


def test_a_harder_token_points_up_in_orange_and_an_easier_one_down_in_blue(losses):
    bars = what_if.loss_rise(losses).data[0]
    assert bars.y.tolist() == pytest.approx([0.5, -0.75])
    assert list(bars.marker.color) == [theme.DIVERGING_SCALE[-1][1], theme.DIVERGING_SCALE[0][1]]


def test_the_effect_map_is_centred_at_no_effect(effect):
    cells = what_if.effect_map(effect).data[0]
    assert (cells.zmin, cells.zmax) == pytest.approx((-0.4, 0.4))
    assert cells.z[0].tolist() == pytest.approx([0.1, 0.4])
    assert np.isnan(cells.z[1][1])  # not measured is not zero


def test_a_scale_without_any_effect_stays_pale(effect):
    cells = what_if.effect_map(effect.assign(delta_nats=0.0)).data[0]
    assert cells.zmax == what_if.SMALLEST_REACH
    assert np.all(cells.z == 0)


def test_only_what_lies_wholly_outside_its_control_is_framed(effect):
    assert what_if.beyond_control(effect).tolist() == [False, True, True, False]
    frames = what_if.effect_map(effect).data[1]
    assert len(frames.x) == 2 * 6  # five corners and a gap for each


def test_layers_and_experts_carry_their_own_numbers(effect):
    figure = what_if.effect_map(effect)
    assert list(figure.layout.xaxis.ticktext) == ["E0", "E2"]
    assert list(figure.layout.yaxis.ticktext) == ["L1", "L3"]
    assert list(figure.layout.yaxis.range) == [1.5, -0.5]  # the first layer on top


def test_every_measured_expert_is_a_point_with_its_interval(effect):
    points = what_if.usage_against_importance(effect).data[0]
    assert list(points.hovertext) == ["L1E0", "L1E2", "L3E0"]
    assert points.x.tolist() == [0.25, 0.75, 0.5]
    assert points.y + points.error_y.array == pytest.approx([0.2, 0.5, -0.1])
    assert points.y - points.error_y.arrayminus == pytest.approx([0.0, 0.3, -0.3])


def test_the_page_may_bring_its_own_words(shift, losses):
    assert what_if.next_tokens(shift, labels={"after": "改动后"}).data[1].name == "改动后"
    assert what_if.loss_rise(losses, labels={"rise": "损失增量"}).layout.yaxis.title.text == "损失增量"


def test_empty_tables_are_empty_pictures(shift, losses, effect):
    for figure in all_figures(shift[:0], losses[:0], effect[:0]):
        valid(figure)


def test_512_tokens_stay_small_enough_to_send():
    long = pd.DataFrame({"position": np.arange(512), "token": "sentence", "before": 1.0, "after": 1.25})
    assert len(what_if.loss_rise(long).to_json()) < 150_000


def test_only_the_farthest_points_carry_their_name():
    many = pd.DataFrame({"layer": 0, "expert": range(20), "delta_nats": np.arange(20) / 10, "low": 0.0, "high": 2.0,
                         "control_low": 0.0, "control_high": 1.0, "n": 5, "usage": 0.1})
    text = what_if.usage_against_importance(many).data[0].text
    assert [name for name in text if name] == [f"L0E{expert}" for expert in range(8, 20)]


def test_no_effect_carries_no_sign(effect):
    cells = what_if.effect_map(effect.assign(delta_nats=[0.1, -0.001, -0.2, np.nan])).data[0]
    assert [list(row) for row in cells.text] == [["+0.10", "0.00"], ["-0.20", ""]]
