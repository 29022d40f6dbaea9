"""Errors of the residual stream are those of the streams themselves; replayed routes keep them small."""

import numpy as np
import pytest
import torch

from moe_core.precision.steps import last
from moe_core.precision.streams import growth_steps, relative_errors, streams


def test_the_last_stream_gives_the_models_own_logits(loaded, text):
    behind = streams(loaded.model, text())
    with torch.no_grad():
        logits = loaded.model.lm_head(loaded.model.model.norm(behind[-1]))
        expected = loaded.model(torch.tensor([[0, *text()]])).logits[0, 1:]
    torch.testing.assert_close(logits, expected)


def test_an_error_is_a_share_of_the_streams_length():
    exact = torch.tensor([[[3.0, 4.0], [0.0, 2.0]]])
    other = torch.tensor([[[3.0, 4.5], [0.0, float("inf")]]])
    assert relative_errors(exact, other).tolist() == [[pytest.approx(0.1), np.inf]]


def test_fp32_has_no_error_in_any_layer(loaded, text):
    table = last(growth_steps(loaded.model, text(), "fp32", "compute"))
    assert (table["error"] == 0).all()
    assert (table["flips"] == 0).all()


def test_with_fp32s_routes_nothing_flips_and_the_error_is_smaller(loaded, text):
    table = last(growth_steps(loaded.model, text(), "int4", "storage"))
    free, replayed = (table[table["replay"] == replay].reset_index(drop=True) for replay in (False, True))
    assert free["flips"].sum() > 0
    assert replayed["flips"].sum() == 0
    assert replayed["error"].iloc[-1] < free["error"].iloc[-1]
    assert (table["low"] <= table["error"]).all()
    assert (table["error"] <= table["high"]).all()
