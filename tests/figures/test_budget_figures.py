"""A plan's pictures: sizes and damages as measured, verdicts as filled or hollow marks, parts each in its own cell."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from figure_laws import ready_for_the_page

from app.figures import budget as figures

POINTS = pd.DataFrame({
    "name": ["int8", "int4", "<b>ilp", "ilp", "int4"], "family": ["uniform", "uniform", "ilp", "chosen", "exported"],
    "bytes": [5e6, 3e6, 4e6, 4e6, 3.1e6], "touched": [2e6, 1e6, 1.5e6, 1.5e6, np.nan],
    "delta": [0.001, 0.05, 0.002, 0.002, np.nan], "low": [0.0, 0.04, 0.001, 0.001, np.nan],
    "upper": [-0.001, 0.06, 0.004, 0.004, np.nan], "kl": [0.002, 0.06, 0.004, 0.004, 0.05],
    "passed": [True, False, True, True, False]})
PARTS = pd.DataFrame({
    "part": ["embedding", "attention.0", "router.0", "expert.0.0", "expert.0.1", "attention.1", "expert.1.1"],
    "kind": ["embedding", "attention", "router", "expert", "expert", "attention", "expert"],
    "layer": [np.nan, 0, 0, 0, 0, 1, 1], "expert": [np.nan, np.nan, np.nan, 0, 1, np.nan, 1],
    "format": ["int8", "int8", "fp32", "int4", "int2", "int8", "int4"], "bits": [8, 8, 32, 4, 2, 8, 4],
    "bytes": [9, 8, 7, 6, 5, 4, 3], "load": [1, 1, 1, 0.3, 0.7, 1, 0.5],
    "sensitivity": [1e-2, 1e-3, 0, 1e-4, 1e-5, 1e-3, 2e-4], "kl": [1e-2, 1e-3, 1e-3, 1e-4, 0, 1e-3, 2e-4]})


def family(figure: go.Figure, name: str) -> dict:
    return next(trace for trace in figure.data if trace.name == name)


def test_a_mark_is_filled_when_its_plan_passes():
    marks = family(figures.pareto(POINTS, "kl", 0.005), "one format for all").marker.symbol
    assert list(marks) == ["square-open", "square"]  # int4 is smaller, and fails


def test_a_plan_stands_at_its_measured_size_and_kl():
    chosen = family(figures.pareto(POINTS, "kl", 0.005), "this plan")
    assert (chosen.x[0], chosen.y[0]) == (4.0, 0.004)
    touched = family(figures.pareto(POINTS, "kl", 0.005, "touched"), "this plan")
    assert touched.x[0] == 1.5


def test_what_is_not_above_zero_is_drawn_on_the_floor_and_told_as_it_is():
    uniform = family(figures.pareto(POINTS, "upper", 0.005), "one format for all")
    assert uniform.y[1] == figures.FLOOR["upper"]
    assert "-0.100%" in uniform.hovertext[1]


def test_the_gate_is_a_line_only_where_the_gate_is_what_is_drawn():
    assert figures.pareto(POINTS, "upper", 0.005).layout.shapes[0].y0 == 0.005
    assert len(figures.pareto(POINTS, "kl", 0.005).layout.shapes) == 0


def test_files_without_a_measured_perplexity_are_left_out_of_it():
    names = [trace.name for trace in figures.pareto(POINTS, "upper", 0.005).data]
    assert "exported and run" not in names


def test_a_name_that_spells_html_stays_a_name():
    assert "&lt;b&gt;ilp" in family(figures.pareto(POINTS, "kl", 0.005), "optimiser").hovertext[0]


def test_every_part_has_its_own_cell_and_what_is_not_there_has_none():
    cells = figures.bits_map(PARTS).data[0]
    assert np.array(cells.text).tolist() == [["int8", "", "", ""], ["int8", "fp32", "int4", "int2"],
                                             ["int8", "", "", "int4"]]
    assert np.isnan(cells.z[2][1])
    darkness = [cells.z[1][column] for column in (3, 2, 0, 1)]  # int2, int4, int8, fp32
    assert darkness == pytest.approx([0, 0.1, 0.2, 1])


def test_a_map_of_experts_has_only_experts():
    cells = figures.load_map(PARTS).data[0]
    assert np.array(cells.text).tolist() == [["30%", "70%"], ["", "50%"]]


@pytest.mark.parametrize("draw", [figures.sensitivity_map, figures.damage_map])
def test_a_value_of_zero_does_not_break_a_logarithmic_map(draw):
    cells = np.array(draw(PARTS).data[0].z)
    assert (np.nanmin(cells), np.nanmax(cells)) == (0, 1)


@pytest.mark.parametrize("figure", [figures.pareto(POINTS, "upper", 0.005), figures.pareto(POINTS, "kl", 0.0),
                                    figures.bits_map(PARTS), figures.load_map(PARTS), figures.damage_map(PARTS)])
def test_every_figure_is_ready_for_the_page(figure):
    ready_for_the_page(figure)
