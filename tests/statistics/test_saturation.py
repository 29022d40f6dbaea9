"""A checkpoint is compared with the finished model: the part of each token's experts that was already final."""

import numpy as np
import pytest

from moe_core.statistics.saturation import COLUMNS, saturation_table

FINAL = np.array([[[1, 0], [3, 1]]])
TEXTS = np.array([0, 0])


def test_the_part_that_was_already_final_is_that_counted_by_hand():
    table = saturation_table({900: FINAL[:, :, ::-1], 100: np.array([[[0, 1], [2, 3]]])}, FINAL, TEXTS, (3,), 4)
    assert list(table) == COLUMNS
    assert table[["step", "layer", "share", "chance", "tokens"]].to_numpy().tolist() == [
        [100, 3, 0.75, 0.5, 2], [900, 3, 1, 0.5, 2]]
    assert table["low"].iloc[0] < 0.75 < table["high"].iloc[0]
    assert table["high"].iloc[1] == 1


def test_routing_without_memory_is_at_chance():
    rng, inside = np.random.default_rng(0), []
    for _ in range(60):
        chosen, final = (rng.random((1, 400, 10)).argsort(axis=2)[:, :, :2] for _ in range(2))
        row = saturation_table({1: chosen}, final, np.arange(400) // 10, (0,), 10).iloc[0]
        inside.append(row["low"] <= row["chance"] <= row["high"])
    assert np.mean(inside) >= 0.88


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(ValueError, match="no checkpoint"):
        saturation_table({}, FINAL, TEXTS, (3,), 4)
    with pytest.raises(ValueError, match=r"step 7: choices must have shape \(1, 2, 2\)"):
        saturation_table({7: FINAL[:, :1]}, FINAL, TEXTS, (3,), 4)
