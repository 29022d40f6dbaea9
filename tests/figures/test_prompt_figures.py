"""A picture of a prompt shows every token, every expert, who was chosen, and what chance would do."""

import numpy as np
import pandas as pd
import pytest
from figure_laws import ready_for_the_page, valid

from app import theme
from app.figures import prompt


def _routing(probabilities, chosen, tokens, layers=(0,)):
    """T × E probabilities, the same in every layer; `chosen` lists each token's experts, best first."""
    probabilities = np.asarray(probabilities, np.float32)
    return pd.DataFrame([
        {"layer": layer, "position": position, "token": tokens[position], "phase": "prompt", "expert": expert,
         "probability": probability, "weight": 1 / len(chosen[position]) if expert in chosen[position] else 0.0,
         "rank": chosen[position].index(expert) + 1 if expert in chosen[position] else 0}
        for layer in layers for position, row in enumerate(probabilities) for expert, probability in enumerate(row)])


@pytest.fixture
def routing():  # "the" comes twice; layers 0 and 3
    return _routing([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7], [0.3, 0.3, 0.4]], [[0, 1], [2, 1], [2, 0]],
                    ["the", "<b>cat", "the"], layers=(0, 3))


@pytest.fixture
def tokens():
    return pd.DataFrame({"layer": [0, 0], "position": [0, 1], "token": ["a", "&"], "first": [0, 1], "second": [1, 0],
                         "margin": [0.05, 1.5], "entropy": [1.0, 0.4]})


@pytest.fixture
def load():
    return pd.DataFrame({"layer": [0, 0, 3, 3], "expert": [0, 1, 0, 1], "share": [0.75, 0.25, 0.5, 0.5],
                         "mean_weight": [0.6, 0.4, 0.5, np.nan], "chance": [0.5] * 4,
                         "low": [0.55, 0.1, 0.3, 0.3], "high": [0.9, 0.45, 0.7, 0.7]})


@pytest.fixture
def candidates():
    return pd.DataFrame({"rank": [1, 2, 3], "token": ["<br>", "cat", "cat"], "probability": [0.6, 0.3, 0.0004]})


@pytest.fixture
def lens():
    return pd.DataFrame({"layer": [0, 0, 1, 1], "rank": [1, 2, 1, 2], "token": ["<b>", "a", "c", "d"],
                         "probability": [0.5, 0.2, 0.6, 0.1], "kl": [1.5, 1.5, 0.0, 0.0]})


@pytest.fixture
def all_figures(routing, tokens, load, candidates, lens):
    return [prompt.gate_probabilities(routing, 0, selected=1), prompt.token_path(routing, 1),
            prompt.token_probabilities(routing, 1, 0), prompt.next_tokens(candidates),
            prompt.confidence(tokens, 0, hesitant=0.1), prompt.load_map(load),
            prompt.assignments(tokens), prompt.logit_lens(lens)]


def test_every_figure_is_ready_for_the_page(all_figures):
    for figure in all_figures:
        ready_for_the_page(figure)


def test_a_repeated_word_keeps_its_own_row_and_the_first_is_on_top(routing):
    axis = prompt.gate_probabilities(routing, 0).layout.yaxis
    assert list(axis.ticktext) == ["the", "&lt;b&gt;cat", "the"]
    assert list(axis.tickvals) == [0, 1, 2]
    assert list(axis.range) == [2.5, -0.5]


def test_a_cell_holds_the_probability_and_hovering_tells_the_weight(routing):
    cells = prompt.gate_probabilities(routing, 3).data[0]
    assert cells.z == pytest.approx(np.array([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7], [0.3, 0.3, 0.4]]))
    assert cells.customdata.tolist() == [[0.5, 0.5, 0], [0, 0.5, 0.5], [0.5, 0, 0.5]]
    assert (cells.zmin, cells.zmax) == (0, 1)


def test_the_chosen_cells_are_framed_in_their_experts_colours(routing):
    frames = {trace.line.color: trace for trace in prompt.gate_probabilities(routing, 0).data[1:]}
    assert set(frames) == {theme.EXPERTS[0], theme.EXPERTS[1], theme.EXPERTS[2]}
    rows_of_expert_2 = frames[theme.EXPERTS[2]].y.reshape(-1, 6)[:, :4].mean(axis=1)
    assert rows_of_expert_2 == pytest.approx([1, 2])


def test_only_a_selected_token_of_the_text_is_framed(routing):
    assert [shape.y0 for shape in prompt.gate_probabilities(routing, 0, selected=1).layout.shapes] == [0.5]
    assert not prompt.gate_probabilities(routing, 0, selected=9).layout.shapes


@pytest.mark.parametrize(("selected", "first", "last"),
                         [(None, 172, 299), (0, 0, 127), (150, 86, 213), (299, 172, 299)])
def test_a_long_text_shows_the_rows_around_the_selected_token_or_its_end(selected, first, last):
    routing = _routing(np.full((300, 2), 0.5), [[0]] * 300, ["a"] * 300)
    rows = prompt.gate_probabilities(routing, 0, selected=selected).layout.yaxis.tickvals
    assert (min(rows), max(rows), len(rows)) == (first, last, prompt.WINDOW)


def test_a_path_has_a_numbered_disc_for_every_chosen_expert_of_every_layer(routing):
    figure = prompt.token_path(routing, 1)
    discs = figure.data[-1]
    assert list(zip(discs.x, discs.y, discs.text, strict=True)) == [(0, 1, "1"), (0, 2, "2"), (1, 1, "1"), (1, 2, "2")]
    assert list(figure.layout.xaxis.ticktext) == ["L0", "L3"]
    assert list(figure.layout.yaxis.ticktext) == ["E0", "E1", "E2"]


def test_a_path_joins_neighbouring_layers_thicker_where_both_experts_count_more():
    routing = _routing([[0.5, 0.5]], [[0, 1]], ["a"], layers=(0, 1)).assign(weight=[0.9, 0.1, 0.8, 0.2])
    lines = prompt.token_path(routing, 0).layout.shapes
    assert [line.path for line in lines] == ["M0,0C0.5,0 0.5,0 1,0", "M0,0C0.5,0 0.5,1 1,1",
                                             "M0,1C0.5,1 0.5,0 1,0", "M0,1C0.5,1 0.5,1 1,1"]
    assert sorted(lines, key=lambda line: -line.line.width)[0].line.color == theme.EXPERTS[0]


def test_the_bigger_disc_counts_more():
    routing = _routing([[0.5, 0.5]], [[0, 1]], ["a"]).assign(weight=[0.9, 0.1])
    first, second = prompt.token_path(routing, 0).data[-1].marker.size
    assert first > second


def test_chosen_experts_are_bold_and_the_runner_up_is_hatched(routing):
    figure = prompt.token_probabilities(routing, 0, 3)
    assert list(figure.layout.xaxis.ticktext) == ["<b>E0</b><br>50%", "<b>E1</b><br>30%", "E2<br>20%"]
    assert list(figure.data[0].marker.pattern.shape) == ["", "", "/"]


def test_chance_is_a_dashed_line_with_its_name_and_the_margin_is_told(routing):
    figure = prompt.token_probabilities(routing, 0, 0)
    assert figure.layout.shapes[0].y0 == pytest.approx(1 / 3)
    assert figure.layout.shapes[0].line.dash == "dash"
    assert [note.text for note in figure.layout.annotations] == ["chance<br>33%", "margin 0.41"]  # ln(0.3 / 0.2)


def test_with_every_expert_chosen_there_is_no_runner_up():
    figure = prompt.token_probabilities(_routing([[0.6, 0.4]], [[0, 1]], ["a"]), 0, 0)
    assert list(figure.data[0].marker.pattern.shape) == ["", ""]
    assert len(figure.layout.annotations) == 1


def test_unknown_probabilities_are_left_out_not_invented(routing):
    figure = prompt.token_probabilities(routing.assign(probability=np.nan), 0, 0)
    assert np.isnan(figure.data[0].y).all()
    assert figure.layout.xaxis.ticktext[0] == "<b>E0</b><br>–"


def test_the_likeliest_next_token_is_on_top(candidates):
    figure = prompt.next_tokens(candidates)
    assert list(figure.layout.yaxis.ticktext) == ["&lt;br&gt;", "cat", "cat"]
    assert list(figure.layout.yaxis.range) == [3.5, 0.5]
    assert list(figure.data[0].text) == ["60%", "30%", "&lt;0.1%"]


def test_confidence_shows_margin_over_entropy_and_where_hesitation_begins(tokens):
    figure = prompt.confidence(tokens, 0, hesitant=0.1)
    assert [trace.y.tolist() for trace in figure.data] == [pytest.approx([0.05, 1.5]), pytest.approx([1, 0.4])]
    assert figure.layout.shapes[0].y0 == 0.1
    assert list(figure.layout.xaxis.ticktext) == ["a", "&amp;"]


def test_the_middle_of_the_load_scale_is_chance(load):
    cells = prompt.load_map(load).data[0]
    assert (cells.zmin + cells.zmax) / 2 == 0.5
    assert cells.z.tolist() == [[0.75, 0.25], [0.5, 0.5]]
    assert cells.customdata[0, 1].tolist() == pytest.approx([0.1, 0.45])


def test_only_cells_that_leave_chance_beyond_their_interval_are_framed(load):
    frames = prompt.load_map(load).data[1]
    assert frames.x.reshape(-1, 6)[:, :4].mean(axis=1).tolist() == [0, 1]
    assert frames.y.reshape(-1, 6)[:, :4].mean(axis=1) == pytest.approx([0, 0])


def test_assignments_show_first_above_second_and_leave_a_missing_second_out(tokens):
    first, second = prompt.assignments(tokens).data
    assert (first.customdata.tolist(), second.customdata.tolist()) == ([[0, 1]], [[1, 0]])
    only_one = prompt.assignments(tokens.assign(second=-1)).data
    assert len(only_one) == 1


def test_a_long_text_prints_no_numbers_in_its_assignments(tokens):
    long = pd.DataFrame({"layer": 0, "position": range(200), "token": "a", "first": 3, "second": 1})
    assert prompt.assignments(long).data[0].texttemplate is None
    assert prompt.assignments(tokens).data[0].texttemplate


def test_the_lens_has_a_row_per_layer_and_spells_markup_out(lens):
    figure = prompt.logit_lens(lens)
    assert [list(row) for row in figure.data[0].text] == [["&lt;b&gt;", "a"], ["c", "d"]]
    assert figure.layout.yaxis.range == (1.5, -0.5)  # L0 on top


def test_the_heatmap_can_show_the_weights_really_used(routing):
    cells = prompt.gate_probabilities(routing, 0, quantity="weight").data[0]
    assert cells.z.tolist()[1] == [0, 0.5, 0.5]
    assert cells.customdata[1].tolist() == pytest.approx([0.1, 0.2, 0.7])


def test_the_page_may_bring_its_own_words(routing):
    figure = prompt.token_probabilities(routing, 0, 0, labels={"chance": "随机水平", "margin": "间隔"})
    assert [note.text for note in figure.layout.annotations] == ["随机水平<br>33%", "间隔 0.41"]


def test_a_text_without_tokens_is_an_empty_picture(routing, tokens, candidates):
    nothing = routing[routing["position"] < 0]
    for figure in (prompt.gate_probabilities(nothing, 0), prompt.token_path(nothing, 0),
                   prompt.token_probabilities(nothing, 0, 0), prompt.next_tokens(candidates[:0]),
                   prompt.confidence(tokens[:0], 0)):
        valid(figure)


def test_512_tokens_stay_small_enough_to_send():
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(10), size=512)
    routing = _routing(probabilities, np.argsort(-probabilities)[:, :2].tolist(), ["sentence"] * 512)
    tokens = pd.DataFrame({"layer": 0, "position": np.arange(512), "token": "sentence", "margin": 0.5, "entropy": 1.0})
    for figure in (prompt.gate_probabilities(routing, 0), prompt.confidence(tokens, 0)):
        assert len(figure.to_json()) < 150_000
