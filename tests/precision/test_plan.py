"""A plan gives every part a format; its size is what the exporters write; a bad plan is refused by name."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from moe_core.config import MoEscopeConfig
from moe_core.model.causal_lm import MoEscopeForCausalLM
from moe_core.precision.formats import INTEGER_FORMATS, STORAGE_FORMATS, matrix_bytes
from moe_core.precision.parts import part_of, parts
from moe_core.precision.plan import check, part_bytes, plan_bytes, planned, read_plan, uniform, write_plan
from moe_core.precision.quantise import quantise, restore, rounded


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return MoEscopeForCausalLM(MoEscopeConfig(
        vocab_size=50, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, num_experts=3,
        moe_intermediate_size=32, shared_intermediate_size=32)).eval()


def test_the_parts_are_embedding_attentions_routers_experts_and_shared_experts(model):
    assert parts(model)[0] == "embedding"
    assert set(parts(model)) == {"embedding", *(f"{kind}.{layer}" for kind in ("attention", "router", "shared")
                                                for layer in (0, 1)),
                                 *(f"expert.{layer}.{expert}" for layer in (0, 1) for expert in (0, 1, 2))}


@pytest.mark.parametrize(("name", "expert", "part"), [
    ("model.embed_tokens.weight", None, "embedding"), ("lm_head.weight", None, "head"),
    ("model.layers.1.attention.query.weight", None, "attention.1"),
    ("model.layers.0.moe.router.score.weight", None, "router.0"),
    ("model.layers.0.moe.shared.down", None, "shared.0"), ("model.layers.1.moe.experts.gate_up", 2, "expert.1.2")])
def test_every_parameter_belongs_to_one_part(name, expert, part):
    assert part_of(name, expert) == part


def test_all_fp32_is_the_model_itself(model):
    twin = planned(model, uniform(model, "fp32"))
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(model.parameters(), twin.parameters(), strict=True))


def test_only_the_planned_part_changes(model):
    plan = uniform(model, "fp32") | {"expert.1.2": "int2"}
    twin = planned(model, plan)
    changed = {name for (name, ours), theirs in zip(model.named_parameters(), twin.parameters(), strict=True)
               if not torch.equal(ours, theirs)}
    assert changed == {"model.layers.1.moe.experts.gate_up", "model.layers.1.moe.experts.down"}
    ours, theirs = (source.model.layers[1].moe.experts.down for source in (model, twin))
    assert torch.equal(ours[:2], theirs[:2])
    assert not torch.equal(ours[2], theirs[2])


def test_the_head_stays_tied_to_the_embedding(model):
    twin = planned(model, uniform(model, "int4"))
    assert twin.lm_head.weight is twin.model.embed_tokens.weight


@pytest.mark.parametrize(("format", "bytes"), [("fp32", 2 * 40 * 4), ("fp16", 2 * 40 * 2), ("bf16", 2 * 40 * 2),
                                               ("int8", 2 * 2 * (32 + 2)), ("int4", 2 * 2 * (16 + 2)),
                                               ("int2", 2 * 2 * (8 + 2))])
def test_a_matrix_of_two_rows_of_forty_needs_this_room(format, bytes):
    assert matrix_bytes(2, 40, format) == bytes


def test_onnx_scales_are_twice_as_long():
    assert matrix_bytes(1, 32, "int4", scale_bytes=4) == 16 + 4


def test_the_size_of_a_plan_is_the_sum_of_its_parts_and_the_norms(model):
    plan = uniform(model, "int8", router="fp32")
    norms = (2 * 2 + 1) * 32 * 4
    assert plan_bytes(model, plan) == norms + sum(part_bytes(model, part, format) for part, format in plan.items())


def test_codes_by_hand():
    format = INTEGER_FORMATS["int8"]
    row = torch.zeros(1, 32)
    row[0, :3] = torch.tensor([127.0, -63.4, 1.0])
    codes, scales = quantise(row, format)
    assert scales.tolist() == [[1.0]]
    assert codes[0, 0, :4].tolist() == [127, -63, 1, 0]


@given(st.sampled_from(list(INTEGER_FORMATS)), st.integers(1, 3), st.integers(1, 70), st.integers(0, 2**31))
def test_a_code_stands_at_most_half_a_step_from_its_number(format, rows, columns, seed):
    matrix = torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed))
    once = restore(quantise(matrix, INTEGER_FORMATS[format]), columns)
    assert once.shape == matrix.shape
    step = quantise(matrix, INTEGER_FORMATS[format]).scales.repeat_interleave(32, 1)[:, :columns]
    inside = matrix.abs() <= step * INTEGER_FORMATS[format].highest
    assert ((once - matrix).abs()[inside] <= step[inside] / 2 * 1.001).all()


def test_more_bits_are_closer_to_the_numbers():
    matrix = torch.randn(8, 64, generator=torch.Generator().manual_seed(1))
    errors = [float((rounded(matrix, format) - matrix).square().sum()) for format in
              ("fp32", "fp16", "bf16", "int8", "int4", "int2")]
    assert errors[0] == 0
    assert errors == sorted(errors)


@pytest.mark.parametrize(("change", "words"), [({"expert.9.9": "int4"}, "does not have: expert.9.9"),
                                               ({"embedding": "int3"}, "format must be one of .* got int3")])
def test_an_unknown_part_or_format_is_named(model, change, words):
    with pytest.raises(ValueError, match=words):
        check(uniform(model, "fp32") | change, model)


def test_a_missing_part_is_named(model):
    plan = uniform(model, "fp32")
    del plan["router.0"]
    with pytest.raises(ValueError, match=r"lacks 1 parts of the model: router\.0"):
        check(plan, model)


def test_a_plan_survives_its_file(model, tmp_path):
    plan = uniform(model, "int4", router="fp32")
    assert read_plan(write_plan(plan, tmp_path / "plan.json")) == plan


@pytest.mark.parametrize("text", ["", "[]", '{"embedding": 4}'])
def test_a_file_that_is_no_plan_is_named(tmp_path, text):
    (tmp_path / "odd.json").write_text(text)
    with pytest.raises(ValueError, match=r"odd\.json"):
        read_plan(tmp_path / "odd.json")


def test_every_storage_format_can_be_planned(model):
    for format in STORAGE_FORMATS:
        assert planned(model, uniform(model, format))(torch.tensor([[1, 2]])).logits.isfinite().all()
