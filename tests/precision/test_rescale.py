"""Scaled up-projections and shrunk down-projections are the same function: to the bit in fp32, not at all in fp16."""

import pytest
import torch

from moe_core.precision.ranges import inner, largest_inner, range_steps
from moe_core.precision.rescale import cliff_steps, held, rescaled
from moe_core.precision.steps import last
from moe_core.precision.streams import streams
from moe_core.tracing.watch import Recorder, watching


@pytest.fixture
def cliff(loaded, text):
    return last(cliff_steps(loaded.model, text(length=40), powers=(0, 4, 16)))


def test_fp32_is_the_same_to_the_bit_at_every_power(cliff):
    rows = cliff[cliff["format"] == "fp32"]
    assert rows["identical"].all()
    assert (rows["mean_kl"] == 0).all()


def test_bf16_keeps_its_damage_and_never_overflows(cliff):
    rows = cliff[cliff["format"] == "bf16"]
    assert rows["mean_kl"].nunique() == 1
    assert (rows["lost"] == 0).all()


def test_fp16_falls_off_at_a_high_power_and_not_at_a_low_one(cliff):
    rows = cliff[cliff["format"] == "fp16"].set_index("power")
    assert rows.loc[0, "lost"] == 0
    assert rows.loc[4, "lost"] == 0
    assert rows.loc[16, "lost"] > 0
    assert rows.loc[16, "largest"] > 65504 > rows.loc[4, "largest"]


def test_only_up_and_down_are_scaled(loaded):
    before, after = loaded.model.state_dict(), rescaled(loaded.model, 12).state_dict()
    changed = {name.split(".", 3)[-1] for name in before if not torch.equal(before[name], after[name])}
    assert changed == {"moe.experts.gate_up", "moe.experts.down", "moe.shared.gate_up", "moe.shared.down"}
    gate = [state["model.layers.0.moe.experts.gate_up"].chunk(2, 1)[0] for state in (before, after)]
    assert torch.equal(*gate)


@pytest.mark.parametrize("power", [-1, 17, 0.5, None])
def test_a_power_that_is_not_on_the_slider_is_named(loaded, power):
    with pytest.raises(ValueError, match=r"power must lie in 0\.\.16, got"):
        rescaled(loaded.model, power)


def test_lost_tokens_are_counted_and_the_others_measured():
    exact = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    found = held(exact, torch.tensor([[1.0, 0.0], [float("nan"), 1.0]]))
    assert (found["mean_kl"], found["lost"], found["identical"]) == (0.0, 0.5, False)


def test_the_inner_numbers_give_what_the_layer_puts_out(loaded, text):
    """down x inner, summed by hand, is the layer's own output."""
    moe, hidden = loaded.model.model.layers[0].moe, torch.randn(1, 5, 32, generator=torch.Generator().manual_seed(1))
    recorder = Recorder()
    with torch.no_grad(), watching(recorder):
        out = moe(hidden)
    token, routing = hidden[0], recorder.routings[0]
    by_hand = moe.shared(token)
    for slot in range(2):
        for row in range(5):
            expert = int(routing.expert_ids[row, slot])
            gate, up = (moe.experts.gate_up[expert] @ token[row]).chunk(2)
            inside = torch.nn.functional.silu(gate) * up
            by_hand[row] += routing.weights[row, slot] * (moe.experts.down[expert] @ inside)
            assert inside.abs().max() <= inner(loaded.model, 0, hidden, routing)["routed"].abs().max()
    torch.testing.assert_close(out[0], by_hand)


def test_ranges_name_the_largest_of_every_place(loaded, text):
    table = last(range_steps(loaded.model, text()))
    assert set(table["place"]) == {"stream", "scores", "routed", "shared"}
    assert table.groupby("place").size().tolist() == [3] * 4
    behind = streams(loaded.model, text())
    stream = table[table["place"] == "stream"].set_index("layer")["largest"]
    assert stream[2] == pytest.approx(float(behind[2].abs().max()))
    inside = table[table["place"].isin(["routed", "shared"])]["largest"].max()
    assert inside == pytest.approx(largest_inner(loaded.model, text()))
    assert (65504 / table["largest"]).tolist() == pytest.approx((2.0 ** table["headroom"]).tolist(), rel=1e-4)
