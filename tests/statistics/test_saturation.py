"""A checkpoint is compared with the last one: the part of each token's experts that was already final."""

import numpy as np
import pytest

from moe_core.pieces import Piece
from moe_core.statistics.saturation import saturation_table
from moe_core.tracing.trace import RoutingTrace


def _trace(sets):
    return RoutingTrace(model="m", model_hash="h", token_ids=[0, 1], pieces=(Piece("a"), Piece("b")),
                        phase=("prompt",) * 2, layers=(3,), logits=None, probabilities=None, expert_ids=[sets],
                        weights=np.full((1, 2, 2), 0.5), settings={"experts": 4})


def test_saturation_by_hand():
    table = saturation_table({100: _trace([[0, 1], [2, 3]]), 900: _trace([[1, 0], [3, 1]])})
    assert table.to_numpy().tolist() == [[100, 3, 0.75, 0.5, 2], [900, 3, 1, 0.5, 2]]
    assert list(table) == ["step", "layer", "share", "chance", "tokens"]


def test_without_checkpoints_there_is_nothing_to_say():
    with pytest.raises(ValueError, match="no checkpoint"):
        saturation_table({})
