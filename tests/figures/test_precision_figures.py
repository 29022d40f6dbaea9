"""A picture of two formats paints red only what flipped or overflowed, and keeps the exact number one hover away."""

import numpy as np
import pandas as pd
import pytest
from figure_laws import ready_for_the_page, valid

from app import theme
from app.figures import precision


@pytest.fixture
def agreement():  # layers 1 and 4, three tokens; "b" flips half in layer 4
    return pd.DataFrame({"layer": [1, 1, 1, 4, 4, 4], "position": [0, 1, 2] * 2, "token": ["a", "b", "<i>"] * 2,
                         "same_choice": [True, True, True, True, False, True], "overlap": [1, 1, 1, 1, 0.5, 1],
                         "margin": [1, 2, 3, 0.4, 0.01, 0.6], "logit_error": [0.1, 0.0, 0.2, np.inf, 0.02, 0.1]})


@pytest.fixture
def flips():
    return pd.DataFrame({"layer": [1, 4], "flips": [0, 1], "tokens": [4, 4], "share": [0, 0.25],
                         "low": [0, 0.05], "high": [0.49, 0.7]})


@pytest.fixture
def outputs():
    return pd.DataFrame({"position": [0, 1, 2], "token": ["a", "b", "<i>"], "top_a": ["x", "y", "z"],
                         "top_b": ["x", "<b>", "∞"], "kl": [0, 1e-4, np.inf],
                         "max_abs_logit_difference": [0.001, 0.02, np.inf]})


@pytest.fixture
def all_figures(agreement, flips, outputs):
    return [precision.flip_map(agreement), precision.flips_per_layer(flips), precision.margin_against_flip(agreement),
            precision.kl_per_token(outputs), precision.logit_difference(outputs)]


def test_every_figure_is_ready_for_the_page(all_figures):
    for figure in all_figures:
        ready_for_the_page(figure)


def test_the_flip_map_is_zero_where_nothing_flipped(agreement):
    figure = precision.flip_map(agreement)
    assert figure.data[0].z.tolist() == [[0, 0, 0], [0, 0.5, 0]]
    assert list(figure.layout.yaxis.ticktext) == ["L1", "L4"]
    assert list(figure.layout.yaxis.range) == [1.5, -0.5]  # the first layer on top
    assert list(figure.layout.xaxis.ticktext) == ["a", "b", "&lt;i&gt;"]


def test_red_begins_just_above_zero():
    (zero, calm), (first, light), (full, red) = theme.FLIP_SCALE
    assert (zero, full, red) == (0, 1, theme.FLIP)
    assert 0 < first < 0.01
    assert calm != light


def test_a_long_text_is_counted_and_may_be_zoomed():
    length = 60
    long = pd.DataFrame({"layer": 0, "position": np.arange(length), "token": "a", "same_choice": True, "overlap": 1.0,
                         "margin": 1.0, "logit_error": 0.1})
    axis = precision.flip_map(long).layout.xaxis
    assert axis.ticktext is None
    assert axis.fixedrange is False
    assert list(axis.range) == [-0.5, length - 0.5]


def test_flips_per_layer_carry_their_interval(flips):
    bars = precision.flips_per_layer(flips).data[0]
    assert bars.marker.color == theme.FLIP
    assert bars.y + bars.error_y.array == pytest.approx([0.49, 0.7])
    assert bars.y - bars.error_y.arrayminus == pytest.approx([0, 0.05])
    assert bars.customdata[:, 2:].tolist() == [[0, 4], [1, 4]]


def test_every_decision_is_a_point_and_only_flips_are_red(agreement):
    kept, flipped, _ = precision.margin_against_flip(agreement).data
    assert len(kept.x) == 5
    assert kept.marker.color != theme.FLIP
    assert flipped.x.tolist() == pytest.approx([0.01])
    assert flipped.marker.color == theme.FLIP
    assert flipped.customdata.tolist() == [[4, 1]]


def test_an_exact_match_and_an_overflow_keep_a_place_on_a_logarithmic_axis(agreement):
    kept = precision.margin_against_flip(agreement).data[0]
    assert kept.y.min() == pytest.approx(precision.SMALLEST)
    assert kept.y.max() == pytest.approx(precision.LARGEST)


def test_the_limit_is_half_the_margin(agreement):
    limit = precision.margin_against_flip(agreement).data[2]
    assert limit.y.tolist() == pytest.approx((limit.x / 2).tolist())


def test_a_diamond_marks_a_changed_prediction_and_hovering_tells_both(outputs):
    points = precision.kl_per_token(outputs).data[0]
    assert list(points.marker.symbol) == ["circle", "diamond", "diamond"]
    assert list(points.text) == ["a → x", "b → y | &lt;b&gt;", "&lt;i&gt; → z | ∞"]


@pytest.mark.parametrize("draw", [precision.kl_per_token, precision.logit_difference])
def test_a_red_cross_above_the_rest_marks_an_overflow(outputs, draw):
    rest, crosses = draw(outputs).data
    assert crosses.x.tolist() == [2]
    assert crosses.marker.color == theme.FLIP
    assert crosses.y[0] > rest.y[np.isfinite(rest.y)].max()


def test_everything_overflowed_is_still_a_picture(outputs):
    lost = outputs.assign(kl=np.inf)
    assert precision.kl_per_token(lost).data[1].x.tolist() == [0, 1, 2]


def test_the_page_may_bring_its_own_words(outputs, agreement):
    assert precision.kl_per_token(outputs, labels={"kl": "KL（奈特）"}).layout.yaxis.title.text == "KL（奈特）"
    assert precision.margin_against_flip(agreement, labels={"flip": "翻转"}).data[1].name == "翻转"


def test_a_text_without_tokens_is_an_empty_picture(agreement, flips, outputs):
    for figure in (precision.flip_map(agreement[:0]), precision.flips_per_layer(flips[:0]),
                   precision.margin_against_flip(agreement[:0]), precision.kl_per_token(outputs[:0]),
                   precision.logit_difference(outputs[:0])):
        valid(figure)


def test_512_tokens_stay_small_enough_to_send():
    agreement = pd.DataFrame({"layer": np.repeat(np.arange(6), 512), "position": np.tile(np.arange(512), 6),
                              "token": "sentence", "same_choice": True, "overlap": 1.0, "margin": 0.5,
                              "logit_error": 0.01})
    for figure in (precision.flip_map(agreement), precision.margin_against_flip(agreement)):
        assert len(figure.to_json()) < 150_000
