"""Figures of training draw exactly the rows of their tables, validate, and stay empty-handed without failing."""

import numpy as np
import pandas as pd
import pytest
from figure_laws import valid

from app.figures import training as figures

STEPS = pd.DataFrame({"step": [10, 20, 30], "loss": [5.0, 4.0, 3.0], "validation_loss": [5.1, np.nan, 3.2],
                      "twin_loss": [5.2, 4.1, 3.3], "twin_validation_loss": [5.3, np.nan, 3.1]})
LOAD = pd.DataFrame([{"step": step, "layer": layer, "expert": expert, "share": share}
                     for step in (10, 20) for layer in (0, 1) for expert, share in enumerate((0.2, 0.8))])


def test_a_loss_that_was_not_judged_leaves_no_gap_and_no_point():
    figure = valid(figures.losses(STEPS, blind=7.0))
    assert [len(line.x) for line in figure.data] == [3, 2, 3, 2]
    assert figure.layout.shapes[0].y0 == 7.0
    assert "7.00" in figure.layout.annotations[0].text


def test_without_a_twin_there_are_two_lines():
    assert len(valid(figures.losses(STEPS[["step", "loss", "validation_loss"]], blind=7.0)).data) == 2


def test_load_shows_every_expert_of_every_layer_with_a_gap_between_layers():
    figure = valid(figures.load_over_time(LOAD))
    cells = np.array(figure.data[0].z, float)
    assert cells.shape == (5, 2)
    assert np.isnan(cells[2]).all()
    assert np.allclose(cells[[0, 1, 3, 4], 0], [0.2, 0.8, 0.2, 0.8])
    assert list(figure.layout.yaxis.ticktext) == ["L0 E0", "L0 E1", "L1 E0", "L1 E1"]


def test_one_layer_names_its_experts_only():
    figure = figures.load_over_time(LOAD[LOAD["layer"] == 0].rename(columns={"step": "epoch"}), over="epoch")
    assert list(valid(figure).layout.yaxis.ticktext) == ["E0", "E1"]


def test_scores_draw_three_of_each_part_and_the_chance():
    names = [f"{part}_{name}" for part in ("train", "validation") for name in ("accuracy", "recall", "f1")]
    figure = valid(figures.scores(pd.DataFrame({"epoch": [1, 2], **{name: [0.1, 0.5] for name in names}}), chance=0.1))
    assert len(figure.data) == 6
    assert figure.layout.shapes[0].y0 == 0.1


def test_the_sentence_is_joined_word_by_word():
    words = pd.DataFrame({"word": ["AI", "cat", "我", "<b>"], "x": [3.0, 0, 1, 2], "y": [0.0, 1, 1, 1],
                          "language": ["english", "english", "chinese", "english"], "place": [3, -1, 0, -1]})
    figure = valid(figures.word_map(words))
    assert list(figure.data[-1].text) == ["我", "AI"]
    assert list(figure.data[-1].x) == [1, 3]
    assert "&lt;b&gt;" in figure.data[0].hovertext


def test_every_kept_run_has_a_line_and_its_name_is_text():
    table = pd.DataFrame({"run": ["1: <i>x", "1: <i>x", "2: y"], "step": [10, 20, 10],
                          "validation_loss": [3.0, 2.0, 4.0]})
    figure = valid(figures.compared(table))
    assert [line.name for line in figure.data] == ["1: &lt;i&gt;x", "2: y"]


def test_violations_have_a_line_a_layer():
    table = pd.DataFrame({"step": [10, 10, 20, 20], "layer": [0, 1, 0, 1], "max_violation": [1.0, 2, 3, 4]})
    assert [line.name for line in valid(figures.violations(table)).data] == ["L0", "L1"]


def test_strategies_show_mean_spread_and_the_usual_one_as_a_line():
    table = pd.DataFrame({"kind": ["usual", "fusion"], "name": ["usual", "fusion · best"], "loss": [3.5, 3.6],
                          "spread": [0.1, np.nan]})
    figure = valid(figures.strategies(table))
    assert np.allclose(figure.data[0].error_x.array, [0.1, 0])
    assert figure.layout.shapes[0].x0 == pytest.approx(3.5)


def test_words_of_another_language_are_taken_over():
    figure = figures.losses(STEPS, blind=7.0, labels={"blind": "瞎猜"})
    assert "瞎猜" in figure.layout.annotations[0].text
