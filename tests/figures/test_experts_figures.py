"""A picture of the experts shows the measured number, its interval, and what chance would give."""

import numpy as np
import pandas as pd
import pytest
from figure_laws import ready_for_the_page

from app.figures import experts


@pytest.fixture
def pairs():  # E0 takes E1 twice as often as chance; E2 is idle
    return pd.DataFrame({
        "layer": 3, "expert": [0, 0, 1, 1, 2, 2], "other": [1, 2, 0, 2, 0, 1],
        "share": [0.8, 0.0, 0.5, 0.25, np.nan, np.nan], "chance": [0.4, 0.0, 0.5, 0.5, np.nan, np.nan],
        "uniform": 0.5, "low": [0.6, 0, 0.3, 0.1, 0, 0], "high": [0.9, 0.2, 0.7, 0.45, 1, 1],
        "tokens": [20, 20, 16, 16, 0, 0]})


@pytest.fixture
def preferences():
    return pd.DataFrame({
        "layer": 0, "label": ["VERB", "VERB", "<b>NOUN", "<b>NOUN"], "expert": [0, 1, 0, 1],
        "share": [0.9, 0.1, 0.4, 0.6], "chance": [0.5] * 4, "low": [0.7, 0.02, 0.3, 0.5],
        "high": [0.97, 0.3, 0.5, 0.7], "chosen": [9, 1, 40, 60], "tokens": [10, 10, 100, 100]})


@pytest.fixture
def information():
    return pd.DataFrame({"layer": [0, 5], "bits": [0.3, 0.01], "chance": [0.02, 0.02], "high": [0.05, 0.05],
                         "p": [0.005, 0.8], "label_bits": [1.0, 1.0], "tokens": 90, "tokens_a": 40, "tokens_b": 50})


@pytest.fixture
def used():
    return pd.DataFrame({"layer": [0] * 3, "tokens": [1, 2, 3], "used": [2, 2, 3], "chance": [2, 3, 3.5],
                         "low": [2, 2, 3], "high": [2, 4, 4], "shuffled": [2, 2.7, 3], "experts": 4})


@pytest.fixture
def repeated():
    return pd.DataFrame({"layer": [0, 0, 2, 2], "choice": ["first", "any"] * 2, "share": [0.3, 0.6, 0.2, 0.5],
                         "low": [0.2, 0.5, 0.1, 0.4], "high": [0.4, 0.7, 0.3, 0.6], "chance": [0.1, 0.38] * 2,
                         "shuffled": [0.15, 0.4] * 2, "pairs": 99})


@pytest.fixture
def guesses():
    return pd.DataFrame({"layer": [0, 1], "share": [0.7, 0.4], "low": [0.6, 0.3], "high": [0.8, 0.5],
                         "baseline": [0.2, 0.3], "baseline_low": 0.1, "baseline_high": 0.4, "seen": [0.9, 0.9],
                         "share_seen": [0.75, 0.4], "tokens": 90})


@pytest.fixture
def every(pairs, preferences, information, used, repeated, guesses):
    return [experts.coactivation(pairs, 3), experts.specialisation(preferences, 0),
            experts.mutual_information(information), experts.divergence(information), experts.coverage(used, 0),
            experts.repeats(repeated), experts.predictability(guesses)]


def test_every_figure_is_ready_for_the_page(every):
    for figure in every:
        ready_for_the_page(figure)


def test_chance_is_the_middle_of_the_scale_and_twice_chance_one_step_up(pairs):
    cells = experts.coactivation(pairs, 3).data[0]
    assert cells.zmin == -cells.zmax
    assert cells.z[0][1] == pytest.approx(1)
    assert cells.z[1].tolist()[0] == 0
    assert cells.z[1][2] == pytest.approx(-1)
    assert cells.text[0][1] == "80%"


def test_the_diagonal_and_an_idle_expert_stay_empty(pairs):
    cells = experts.coactivation(pairs, 3).data[0]
    assert np.isnan(np.diag(cells.z)).all()
    assert np.isnan(cells.z[2]).all()
    assert cells.text[2][0] == cells.text[0][0] == ""


def test_only_cells_that_are_surely_off_chance_are_framed(pairs, preferences):
    assert np.isnan(experts.coactivation(pairs, 3).data[1].x).sum() == 2     # 0 -> 1 and 1 -> 2
    assert np.isnan(experts.specialisation(preferences, 0).data[1].x).sum() == 2  # VERB only


def test_the_most_frequent_label_is_on_top_and_cannot_command_the_page(preferences):
    figure = experts.specialisation(preferences, 0, labels={"VERB": "动词"})
    assert list(figure.layout.yaxis.ticktext) == ["&lt;b&gt;NOUN", "动词"]
    assert figure.data[0].text[1] == ["90%", "10%"]


def test_many_labels_keep_the_most_frequent(preferences):
    many = pd.concat([preferences.iloc[:2].assign(label=f"w{number}", tokens=number) for number in range(90)])
    ticks = experts.specialisation(many, 0).layout.yaxis.ticktext
    assert (len(ticks), ticks[0]) == (experts.MOST_LABELS, "w89")


def test_bars_stand_beside_what_shuffling_gives(information):
    bars, marks = experts.mutual_information(information).data
    assert bars.y.tolist() == pytest.approx([0.3, 0.01])
    assert marks.y.tolist() == pytest.approx([0.02, 0.02])
    assert marks.error_y.array.tolist() == pytest.approx([0.03, 0.03])
    assert list(experts.divergence(information).layout.xaxis.ticktext) == ["L0", "L5"]


def test_coverage_shows_the_range_of_even_routing_and_the_shuffled_text(used):
    low, high, chance, shuffled, line = experts.coverage(used, 0).data
    assert (low.y.tolist(), high.y.tolist()) == ([2, 2, 3], [2, 4, 4])
    assert (chance.line.dash, shuffled.line.dash) == ("dash", "dot")
    assert line.y.tolist() == [2, 2, 3]


def test_both_chances_of_a_repeat_are_drawn_and_named(repeated):
    figure = experts.repeats(repeated)
    assert sorted(shape.y0 for shape in figure.layout.shapes) == [0.1, 0.38]
    assert [note.text for note in figure.layout.annotations] == ["chance<br>38%", "chance<br>10%"]
    assert figure.data[0].y.tolist() == pytest.approx([0.3, 0.2])
    assert figure.data[1].y.tolist() == pytest.approx([0.15, 0.15])


def test_guesses_stand_beside_the_baseline(guesses):
    bars, marks = experts.predictability(guesses).data
    assert marks.y.tolist() == pytest.approx([0.2, 0.3])
    assert bars.error_y.array.tolist() == pytest.approx([0.1, 0.1])


def test_a_page_in_another_language_passes_its_words(information):
    figure = experts.mutual_information(information, labels={"bits": "互信息（比特）"})
    assert figure.layout.yaxis.title.text == "互信息（比特）"


def test_sixty_four_experts_stay_small_and_keep_their_marks():
    expert, other = np.nonzero(~np.eye(64, dtype=bool))
    pairs = pd.DataFrame({"layer": 0, "expert": expert, "other": other, "share": 0.1, "chance": 0.11, "uniform": 0.11,
                          "low": 0.05, "high": 0.1, "tokens": 50} | {"share": np.linspace(0, 0.1, 4032)})
    figure = experts.coactivation(pairs, 0)
    assert figure.data[0].text is None
    assert len(figure.data[1].x) == 64 * 63
    assert len(figure.to_json()) < 150_000
