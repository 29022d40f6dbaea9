"""Bytes and multiplications per token follow from the shape alone; seconds are measured."""

import pytest

from moe_core.config import MoEscopeConfig
from moe_core.precision.cast import computed
from moe_core.precision.energy import arithmetic, bytes_read, cost_table, macs, second_steps
from moe_core.precision.parts import matrices
from moe_core.precision.plan import part_bytes, uniform
from moe_core.precision.steps import last


def test_macs_are_those_worked_out_by_hand():
    config = MoEscopeConfig(vocab_size=100, hidden_size=8, num_hidden_layers=3, num_attention_heads=2, num_experts=5,
                            num_experts_per_tok=2, moe_intermediate_size=4, shared_intermediate_size=6)
    assert macs(config, position=9) == {
        "embedding": 0, "attention": 3 * 4 * 64, "reading": 3 * 2 * 8 * 10, "router": 3 * 8 * 5,
        "routed": 3 * 2 * 3 * 8 * 4, "shared": 3 * 3 * 8 * 6, "head": 800}


def test_macs_are_the_numbers_of_the_matrices_a_token_meets(loaded):
    counted = macs(loaded.model.config, position=0)
    sizes = {}
    for matrix in matrices(loaded.model):
        kind = matrix.part.split(".")[0]
        sizes[kind] = sizes.get(kind, 0) + matrix.values.numel()
    assert counted["attention"] == sizes["attention"]
    assert counted["router"] == sizes["router"]
    assert counted["shared"] == sizes["shared"]
    assert counted["head"] == sizes["embedding"]  # tied
    assert counted["routed"] == sizes["expert"] * 2 / 6


def test_bytes_are_four_per_number_in_fp32_and_the_layouts_own_elsewhere(loaded):
    model = loaded.model
    counted = macs(model.config, position=0)
    exact = bytes_read(model, uniform(model, "fp32"))
    for kind in ("attention", "router", "routed", "shared", "head"):
        assert exact[kind] == pytest.approx(4 * counted[kind])
    assert bytes_read(model, uniform(model, "int4"))["router"] == sum(
        part_bytes(model, f"router.{layer}", "int4", "c") for layer in range(3))


def test_shorter_formats_read_fewer_bytes_and_do_as_many_multiplications(loaded):
    table = cost_table(loaded.model, position=10).set_index("plan")
    assert table.loc[["fp32", "fp16", "int8", "int4", "int2"], "read"].is_monotonic_decreasing
    assert table["macs"].nunique() == 1
    assert (table["dense_macs"] > table["macs"]).all()
    assert (table["dram"] > table["sram"]).all()


def test_a_plan_of_two_formats_lies_between_both(loaded):
    model, counted = loaded.model, macs(loaded.model.config, 0)
    mixed = uniform(model, "int8", router="fp32")
    low, between, high = (arithmetic(counted, plan)
                          for plan in (uniform(model, "int8"), mixed, uniform(model, "fp32")))
    assert low < between < high
    assert high == pytest.approx(4.6 * sum(counted.values()))


def test_seconds_are_the_median_of_alternating_runs(loaded, text):
    models = {"fp32": loaded.model, "bf16": computed(loaded.model, "bf16")}
    steps = list(second_steps(models, text(length=10), repeats=3, tokens=4))
    assert [step.done for step in steps] == [1, 2, 3, 4, 5, 6]
    table = last(iter(steps))
    assert table["format"].tolist() == ["fp32", "bf16"]
    assert (table["fastest"] <= table["seconds"]).all()
    assert (table["seconds"] <= table["slowest"]).all()
    assert (table["seconds"] > 0).all()
