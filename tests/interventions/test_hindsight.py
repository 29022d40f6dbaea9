"""The learned choice beside the choice by performance: counted by hand, beside chance, and whole from its file."""

import math

import numpy as np
import pandas as pd
import pytest

from moe_core.interventions import hindsight
from moe_core.interventions.hindsight import EXPERT_COLUMNS, LAYER_COLUMNS, Hindsight
from moe_core.interventions.recording import RecordingError

TOKENS = pd.DataFrame({  # 2 of 4 experts: 6 sets; right once, half right once, wholly wrong twice
    "layer": 2, "text": [0, 0, 1, 1], "position": [-1, 0, -1, 0],
    "chosen": ["0+1", "0+1", "0+2", "2+3"], "best": ["0+1", "1+3", "1+3", "0+1"],
    "loss": [1.0, 2.0, 3.0, 4.0], "best_loss": [1.0, 1.5, 2.0, 1.0], "mean_loss": [2.0, 2.0, 2.5, 4.5],
    "regret": [0.0, 0.5, 1.0, 3.0], "beaten": [0.0, 0.2, 1.0, 0.4]})


@pytest.fixture
def found() -> Hindsight:
    return Hindsight(hindsight.layer_table(TOKENS, 4, 6, seed=0), hindsight.expert_table(TOKENS, 4, seed=0),
                     hindsight.worst_choices(TOKENS, [["a", "b"], ["c", "d"]], most=2), {"model": "tiny"})


def test_a_layer_is_averaged_as_by_hand(found):
    row = found.layers.iloc[0]
    assert list(found.layers.columns) == LAYER_COLUMNS
    expected = {"layer": 2, "n": 4, "better_share": 0.75, "regret": 1.125, "beaten": 0.4, "gain": 0.25,
                "agree": 0.25, "agree_chance": 1 / 6, "common": (1 + 0.5 + 0 + 0) / 4, "common_chance": 2 / 4}
    assert {name: row[name] for name in expected} == pytest.approx(expected)
    for name in ("agree", "common", "beaten", "gain"):
        assert row[f"{name}_low"] <= row[name] <= row[f"{name}_high"]


def test_the_loads_of_both_choices_sum_to_one_and_their_difference_is_told(found):
    table = found.experts
    assert list(table.columns) == EXPERT_COLUMNS
    assert table["learned"].tolist() == pytest.approx([3 / 8, 2 / 8, 2 / 8, 1 / 8])
    assert table["hindsight"].tolist() == pytest.approx([2 / 8, 4 / 8, 0, 2 / 8])
    assert table["difference"].tolist() == pytest.approx((table["hindsight"] - table["learned"]).tolist())


def test_a_router_that_draws_by_lot_agrees_as_often_as_chance():
    rng = np.random.default_rng(0)
    sets = [f"{a}+{b}" for a in range(4) for b in range(a + 1, 4)]
    inside = []
    for seed in range(60):
        chosen, best = (rng.choice(sets, 120) for _ in range(2))
        random = pd.DataFrame({"layer": 0, "text": np.arange(120), "chosen": chosen, "best": best, "loss": 1.0,
                               "mean_loss": 1.0, "regret": 0.0, "beaten": 0.5})
        row = hindsight.layer_table(random, 4, 6, seed).iloc[0]
        inside += [row["agree_low"] <= 1 / 6 <= row["agree_high"], row["common_low"] <= 0.5 <= row["common_high"]]
    assert np.mean(inside) == pytest.approx(0.95, abs=3 * math.sqrt(0.95 * 0.05 / 120) + 0.02)


def test_the_most_regretted_choices_come_first_with_what_was_read(found):
    assert found.examples[["token", "chosen", "best"]].to_numpy().tolist() == [
        ["c", "2+3", "0+1"], ["END", "0+2", "1+3"]]


def test_a_file_gives_back_what_was_kept(found, tmp_path):
    read = hindsight.load(hindsight.save(found, tmp_path / "deep" / "regret.json"))
    for name in ("layers", "experts", "examples"):
        pd.testing.assert_frame_equal(getattr(read, name), getattr(found, name), rtol=1e-5, check_dtype=False)
    assert read.settings == {"model": "tiny"}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"layers": 3}', '{"layers": [], "experts": [], "examples": 7}'])
def test_a_damaged_file_is_named(tmp_path, text):
    path = tmp_path / "regret.json"
    path.write_text(text)
    with pytest.raises(RecordingError, match=r"regret\.json holds no measured regret"):
        hindsight.load(path)
    with pytest.raises(RecordingError, match="cannot be read"):
        hindsight.load(tmp_path / "gone.json")
