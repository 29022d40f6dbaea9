"""The table of strategies is made in pieces and tells what was measured, cell by cell."""

from itertools import islice

import pytest

from moe_core.lab import table
from moe_core.lab.dials import FUSIONS, SELECTIONS, SHARINGS
from moe_core.lab.errors import LabError
from moe_core.lab.texts import prepared


@pytest.fixture
def short(monkeypatch):
    """Runs of three steps, five cells in all, on a text of one sentence."""
    tiny = {**table.SMALL, "width": 8, "expert_width": 4, "length": 16, "batch": 2, "steps": 3, "vocabulary": 300}
    monkeypatch.setattr(table, "SMALL", tiny)
    monkeypatch.setattr(table, "KINDS", {"selection": ("hash", "noisy")})
    monkeypatch.setattr(table, "SEEDS", (0, 1))
    monkeypatch.setattr(table, "LEAST_STEPS", 3)
    text = prepared("own", "小猫坐在垫子上。The cat sat on the mat.\n" * 60, 300, 16)
    monkeypatch.setattr("moe_core.lab.texts.prepared", lambda *asked: text)
    return text


def test_every_strategy_is_measured_with_three_seeds():
    measured = {(kind, name) for kind, name, _ in table.cells()}
    usual = {("selection", "softmax"), ("sharing", "none"), ("fusion", "weighted")}
    every = {(kind, name) for kind, names in (("selection", SELECTIONS), ("sharing", SHARINGS), ("fusion", FUSIONS))
             for name in names}
    assert every - usual <= measured
    assert {("usual", "usual"), ("dense", "dense")} <= measured
    assert len(table.SEEDS) >= 3
    dials = table.dials_of("usual", "usual", 0)
    assert {(kind, getattr(dials, kind)) for kind, _ in usual} == usual


def test_it_goes_on_where_the_file_ends(short, tmp_path, monkeypatch):
    path, told = tmp_path / "table.csv", []
    everything = table.cells((0, 1))
    assert len(everything) == 8
    monkeypatch.setattr(table, "cells", lambda: everything)
    table._append(path, table.run(everything[0], short))
    assert list(table.missing(path)) == everything[1:]
    assert not table.measure(path, seconds=-1, say=told.append)
    assert told == []
    assert table.measure(path, seconds=60, say=told.append)
    assert len(told) == 7
    assert table.measure(path, seconds=-1, say=told.append)


def test_rows_of_another_text_are_not_mixed_in(short, tmp_path):
    path = tmp_path / "table.csv"
    table._append(path, table.run(("usual", "usual", 0), short) | {"text": "deadbeef"})
    with pytest.raises(ValueError, match="another text"):
        table.measure(path, seconds=60, say=print)


def test_a_row_says_what_was_run(short, tmp_path):
    path = tmp_path / "table.csv"
    for seed in (0, 1):
        table._append(path, table.run(("selection", "hash", seed), short))
    table._append(path, table.run(("dense", "dense", 0), short))
    rows = table.summary(path).set_index("strategy")
    assert rows.loc["hash", "seeds"] == 2
    assert rows.loc["hash", "spread"] > 0
    assert rows.loc["dense", "parameters"] < rows.loc["hash", "parameters"]
    assert table.shape(path)["steps"] == 3


def test_again_every_strategy_is_measured_with_the_same_outcome(short):
    rows = [row for row in table.again(short, seed=1, steps=3) if row is not None]
    assert [(row["kind"], row["strategy"], row["seed"]) for row in rows] == table.cells((1,))
    timeless = [{name: value for name, value in row.items() if name != "tokens_per_second"}
                for row in (rows[2], table.run(table.cells((1,))[2], short))]
    assert timeless[0] == timeless[1]


def test_again_it_can_be_stopped_after_every_step(short):
    resting = [row is None for row in islice(table.again(short, seed=0, steps=3), 8)]
    assert resting == [True, True, True, False, True, True, True, False]


@pytest.mark.parametrize("steps", [0, 2, 4])
def test_again_with_other_steps_than_possible_is_refused(short, steps):
    with pytest.raises(LabError, match=r"3\.\.3"):
        next(table.again(short, seed=0, steps=steps))


def test_without_a_file_there_is_an_empty_table(tmp_path):
    assert table.summary(tmp_path / "none.csv").empty
