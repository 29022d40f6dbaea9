"""The table of strategies is made in pieces and tells what was measured, cell by cell."""

import pytest

from moe_core.lab import table
from moe_core.lab.dials import FUSIONS, SELECTIONS, SHARINGS
from moe_core.lab.texts import prepared


@pytest.fixture
def short(monkeypatch):
    """Runs of three steps, five cells in all, on a text of one sentence."""
    tiny = {**table.SMALL, "width": 8, "expert_width": 4, "length": 16, "batch": 2, "steps": 3, "vocabulary": 300}
    monkeypatch.setattr(table, "SMALL", tiny)
    monkeypatch.setattr(table, "KINDS", {"selection": ("softmax", "hash"), "fusion": ("weighted",)})
    monkeypatch.setattr(table, "SEEDS", (0, 1))
    text = prepared("own", "小猫坐在垫子上。The cat sat on the mat.\n" * 60, 300, 16)
    monkeypatch.setattr("moe_core.lab.texts.prepared", lambda *asked: text)
    return text


def test_every_strategy_is_measured_with_three_seeds():
    measured = {(kind, name) for kind, name, _ in table.cells()}
    assert {("selection", name) for name in SELECTIONS} <= measured
    assert {("sharing", name) for name in SHARINGS} <= measured
    assert {("fusion", name) for name in FUSIONS} <= measured
    assert len(table.SEEDS) >= 3


def test_it_goes_on_where_the_file_ends(short, tmp_path):
    path, told = tmp_path / "table.csv", []
    all_cells = [cell for seed in (0, 1) for cell in table.cells((seed,))]
    assert len(all_cells) == 8
    path.write_text("")
    path.unlink()
    table._append(path, table.run(all_cells[0], short))
    assert len(list(table.missing(path))) == len(table.cells()) - 1
    table.measure(path, seconds=-1, say=told.append)
    assert told == []


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


def test_without_a_file_there_is_an_empty_table(tmp_path):
    assert table.summary(tmp_path / "none.csv").empty
