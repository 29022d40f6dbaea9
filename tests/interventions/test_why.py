"""Why this expert: the smallest nudge flips the choice, and any smaller one does not."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from moe_core.interventions.apply import Intervention
from moe_core.interventions.choices import Change, WhatIf
from moe_core.interventions.why import smallest_nudge, why
from moe_core.model.generation import Cache, feed
from moe_core.tracing.watch import Recorder

TEXT = [3, 1, 4, 1, 5, 9, 2, 6]


def read(model, change: Change):
    heard = Recorder()
    intervention = Intervention(WhatIf((change,)), model.config)
    return feed(model, [0, *TEXT], Cache(model, 9), intervention, heard), heard.routings


@pytest.mark.parametrize("layer", [0, 1])
@pytest.mark.parametrize("position", [-1, 0, 3, 7])
def test_the_smallest_nudge_flips_the_choice_and_half_a_step_less_does_not(model, layer, position):
    found = why(model, TEXT, layer, position)
    for amount, chosen in ((found.nudge + 1e-5, True), (found.nudge - 1e-5, False)):
        change = Change(layers=(layer,), positions=(position,), nudges=((found.runner_up, amount),))
        assert (found.runner_up in read(model, change)[1][layer].expert_ids[position + 1].tolist()) is chosen


def test_it_says_what_the_router_says(model):
    found, (logits, routings) = why(model, TEXT, 1, 3), read(model, Change())
    best_first = routings[1].logits[4].sort(descending=True)
    assert (*found.chosen, found.runner_up) == tuple(best_first.indices.tolist())
    assert found.margin == pytest.approx(float(best_first.values[1] - best_first.values[2]), abs=1e-5)
    np.testing.assert_allclose(found.before, logits[4].softmax(-1).numpy(), atol=1e-5)


def test_after_is_what_follows_when_first_and_runner_up_are_swapped(model):
    found = why(model, TEXT, 0, 3)
    logits, _ = read(model, Change(layers=(0,), positions=(3,), swap=True))
    np.testing.assert_allclose(found.after, logits[4].softmax(-1).numpy(), atol=1e-5)
    assert np.abs(found.after - found.before).max() > 1e-3


scores = st.floats(-50, 50, width=32)


@given(scores, scores)
def test_no_smaller_number_would_do(score, above):
    score, above = sorted((np.float32(score), np.float32(above)))
    nudge = np.float32(smallest_nudge(score, above))
    assert score + nudge > above
    assert not score + np.nextafter(nudge, np.float32(0)) > above


@pytest.mark.parametrize("damaged", [np.inf, -np.inf, np.nan])
def test_scores_that_are_no_numbers_are_refused_and_do_not_hang(damaged):
    with pytest.raises(ValueError, match="logits must be finite numbers"):
        smallest_nudge(np.float32(0), np.float32(damaged))


@pytest.mark.parametrize(("layer", "position", "reason"), [(2, 0, r"layer must lie in 0\.\.1, got 2"),
                                                           (0, 8, r"position must lie in -1\.\.7, got 8"),
                                                           (0, -2, r"position must lie in -1\.\.7, got -2")])
def test_what_is_not_there_is_refused(model, layer, position, reason):
    with pytest.raises(ValueError, match=reason):
        why(model, TEXT, layer, position)


def test_where_every_expert_is_chosen_there_is_no_runner_up(build):
    with torch.no_grad(), pytest.raises(ValueError, match="a swap needs a runner-up"):
        why(build(num_experts_per_tok=3), TEXT, 0, 0)
