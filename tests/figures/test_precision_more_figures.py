"""Pictures of what a short format does inside: red only for a flip, a fork or an overflow; exact numbers on hover."""

import numpy as np
import pandas as pd
import pytest
from figure_laws import ready_for_the_page

from app import theme
from app.figures import precision_more as more


@pytest.fixture
def growth():
    return pd.DataFrame({"layer": [0, 1] * 2, "replay": [False, False, True, True], "error": [1e-3, 2e-2, 1e-3, 2e-3],
                         "low": [9e-4, 1e-3, 9e-4, 1e-3], "high": [2e-3, 5e-2, 2e-3, 3e-3], "flips": [0, 2, 0, 0],
                         "n": 8})


@pytest.fixture
def report():
    rows = [(format, routers, trained) for format in ("fp16", "int4") for routers in ("short", "fp32", "alone")
            for trained in (True, False)]
    table = pd.DataFrame(rows, columns=["format", "routers", "trained"])
    return table.assign(any_flips=0.2, any_flips_low=0.1, any_flips_high=0.4, mean_kl=1e-4, mean_kl_low=np.nan,
                        mean_kl_high=np.nan)


@pytest.fixture
def cliff():
    rows = [(power, format) for power in (0, 12) for format in ("fp32", "bf16", "fp16")]
    table = pd.DataFrame(rows, columns=["power", "format"])
    return table.assign(mean_kl=[0, 1e-3, 1e-4, 0, 1e-3, np.nan], lost=[0, 0, 0, 0, 0, 1.0],
                        identical=[True, False, False] * 2)


@pytest.fixture
def ranges():
    return pd.DataFrame({"layer": [0, 0, 1, 1], "place": ["stream", "routed"] * 2, "largest": [3.0, 20.0, 4.0, 0.0],
                         "median": 0.1, "headroom": 10.0})


@pytest.fixture
def twins():
    return pd.DataFrame({"step": [0, 1, 2], "gap": [1.0, 0.01, 2.0], "token": ["a", "<b>", "c"]})


@pytest.fixture
def cost():
    return pd.DataFrame({"plan": ["fp32", "int4"], "arithmetic": [10.0, 1.0], "dram": [90.0, 9.0], "sram": [30.0, 3.0]})


def test_every_figure_is_ready_for_the_page(growth, report, cliff, ranges, twins, cost):
    alone = report[report["trained"]]
    for figure in (more.error_growth(growth), more.router_flips(alone), more.pair_flips(report), more.pair_kl(report),
                   more.cliff(cliff, 12), more.ranges(ranges), more.gaps(twins, 1), more.gaps(twins, None),
                   more.modelled(cost)):
        ready_for_the_page(figure)


def test_a_layer_with_flips_is_a_diamond(growth):
    free, replayed = more.error_growth(growth).data
    assert list(free.marker.symbol) == ["circle", "diamond"]
    assert replayed.y.tolist() == pytest.approx([1e-3, 2e-3])
    assert free.customdata[:, 0].tolist() == [0, 2]


def test_only_lost_tokens_are_red_on_the_cliff(cliff):
    *lines, lost = more.cliff(cliff, 0).data
    assert [line.name for line in lines] == ["fp32", "bf16", "fp16"]
    assert lines[2].x.tolist() == [0]  # at 12 nothing is left to draw
    assert (lost.x.tolist(), lost.marker.color, list(lost.text)) == ([12], theme.FLIP, ["100%"])
    assert more.cliff(cliff, 12).layout.shapes[0].x0 == 12


def test_the_fork_is_the_red_diamond_and_markup_stays_text(twins):
    points = more.gaps(twins, 1).data[0]
    assert list(points.marker.color) == [theme.BAR, theme.FLIP, theme.BAR]
    assert points.text[1] == "&lt;b&gt;"
    assert theme.FLIP not in more.gaps(twins, None).data[0].marker.color


def test_the_limit_of_fp16_is_drawn_where_it_is(ranges):
    figure = more.ranges(ranges)
    assert figure.layout.shapes[0].y0 == 65504
    assert [bar.name for bar in figure.data] == ["stream behind the layer", "inside routed experts"]


def test_the_model_is_relative_to_fp32(cost):
    dram, sram = more.modelled(cost).data
    assert dram.y.tolist() == pytest.approx([1.0, 0.1])
    assert sram.y.tolist() == pytest.approx([1.0, 0.1])


def test_three_treatments_of_the_routers_stand_side_by_side(report):
    bars = more.router_flips(report[report["trained"]]).data
    assert [bar.name for bar in bars] == ["routers short too", "routers kept in fp32", "only the routers short"]
    assert bars[0].y + bars[0].error_y.array == pytest.approx([0.4, 0.4])


def test_the_page_may_bring_its_own_words(growth):
    assert more.error_growth(growth, labels={"free": "自己的路由"}).data[0].name == "自己的路由"
