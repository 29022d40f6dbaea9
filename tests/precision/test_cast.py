"""A cast is the same model with shorter numbers; what it was made from does not change."""

import gc
import weakref

import pytest
import torch

from moe_core.precision import cast as casts
from moe_core.precision.cast import cast, computed, stored
from moe_core.precision.formats import ROUTERS


def logits_of(model, token_ids):
    with torch.no_grad():
        return model(torch.tensor([token_ids])).logits


@pytest.mark.parametrize("make", [stored, computed])
@pytest.mark.parametrize("routers", ROUTERS)
def test_in_fp32_nothing_changes_by_one_bit(loaded, text, make, routers):
    same = make(loaded.model, "fp32", routers)
    assert torch.equal(logits_of(same, text()), logits_of(loaded.model, text()))


@pytest.mark.parametrize(("format", "dtype"), [("fp16", torch.float16), ("bf16", torch.bfloat16)])
def test_storage_rounds_every_matrix_and_computes_in_fp32(loaded, text, format, dtype):
    rounded = stored(loaded.model, format)
    for (name, before), after in zip(loaded.model.named_parameters(), rounded.parameters(), strict=True):
        assert torch.equal(after, before.to(dtype).float() if before.ndim > 1 else before), name
    assert logits_of(rounded, text()).dtype == torch.float32
    assert torch.equal(rounded.model.cosine, loaded.model.model.cosine)  # computed, not stored: stays exact


@pytest.mark.parametrize(("format", "dtype"), [("fp16", torch.float16), ("bf16", torch.bfloat16)])
def test_compute_holds_and_computes_everything_in_the_format(loaded, text, format, dtype):
    short = computed(loaded.model, format)
    assert {tensor.dtype for tensor in (*short.parameters(), *short.buffers())} == {dtype}
    assert logits_of(short, text()).dtype == dtype


def test_compute_hands_the_format_from_part_to_part(loaded, text):
    short, seen = computed(loaded.model, "fp16"), {}
    for name, part in short.named_modules():
        part.register_forward_hook(lambda _, __, output, name=name: seen.update({name: output}))
    logits_of(short, text())
    outputs = {name: output for name, output in seen.items() if isinstance(output, torch.Tensor)}
    assert {"model.layers.2.attention", "model.layers.2.moe", "model.norm"} <= outputs.keys()
    assert {output.dtype for output in outputs.values()} == {torch.float16}
    assert seen["model.layers.0.moe.router"].weights.dtype == torch.float32  # the softmax of the weights


@pytest.mark.parametrize("make", [stored, computed])
def test_a_router_kept_in_fp32_keeps_its_very_bits(loaded, text, make):
    short = make(loaded.model, "bf16", routers="fp32")
    for layer, kept in zip(loaded.model.model.layers, short.model.layers, strict=True):
        assert kept.moe.router.score.weight.dtype == torch.float32
        assert torch.equal(kept.moe.router.score.weight, layer.moe.router.score.weight)
        assert not torch.equal(kept.moe.experts.down.float(), layer.moe.experts.down)
    assert logits_of(short, text()).isfinite().all()


@pytest.mark.parametrize("make", [stored, computed])
def test_the_original_keeps_its_bits_and_the_copy_stays_tied(loaded, make):
    before = {name: tensor.clone() for name, tensor in loaded.model.state_dict().items()}
    copy = make(loaded.model, "fp16")
    assert all(torch.equal(tensor, before[name]) for name, tensor in loaded.model.state_dict().items())
    assert copy.lm_head.weight is copy.model.embed_tokens.weight


def test_a_cast_is_made_once(loaded):
    first = cast(loaded.model, "fp16", "compute")
    assert cast(loaded.model, "fp16", "compute") is first
    assert cast(loaded.model, "fp16", "storage") is not first
    assert cast(loaded.model, "fp16", "compute", routers="fp32") is not first


def test_two_models_have_casts_of_their_own(load):
    models = load(seed=0).model, load(seed=1).model
    first, second = (cast(model, "fp16", "compute") for model in models)
    assert not torch.equal(first.lm_head.weight, second.lm_head.weight)


def test_only_the_latest_few_casts_stay_in_memory(loaded, monkeypatch):
    monkeypatch.setattr(casts, "KEPT_PER_MODEL", 4)
    oldest = weakref.ref(cast(loaded.model, "fp32", "storage"))
    used_again = cast(loaded.model, "fp16", "storage")
    for routers in ROUTERS:
        cast(loaded.model, "bf16", "storage", routers)
    cast(loaded.model, "fp16", "storage")
    cast(loaded.model, "bf16", "compute")
    gc.collect()
    assert oldest() is None
    assert cast(loaded.model, "fp16", "storage") is used_again
    assert len(casts._casts[loaded.model]) == 4


@pytest.mark.parametrize("format", ["int4", "bf16"])
def test_a_stored_cast_made_out_of_another_one_is_the_same(loaded, format):
    afresh, reused = stored(loaded.model, format, "fp32"), cast(loaded.model, format, "storage", "fp32")
    for (name, one), other in zip(afresh.named_parameters(), reused.parameters(), strict=True):
        assert torch.equal(one, other), name
    assert not torch.equal(cast(loaded.model, format, "storage").model.layers[0].moe.router.score.weight,
                           reused.model.layers[0].moe.router.score.weight)


@pytest.mark.parametrize(("make", "format"), [(stored, "int4"), (stored, "bf16"), (computed, "fp16")])
def test_routers_alone_leave_everything_else_in_fp32(loaded, make, format):
    changed = {name for (name, before), after in zip(loaded.model.named_parameters(),
                                                      make(loaded.model, format, "alone").parameters(), strict=True)
               if not torch.equal(before, after.float())}
    assert changed == {f"model.layers.{layer}.moe.router.score.weight" for layer in range(3)}


def test_casts_go_when_their_model_goes(load):
    loaded = load(seed=9)
    gone = weakref.ref(cast(loaded.model, "fp16", "compute"))
    del loaded
    gc.collect()
    assert gone() is None


def test_an_unknown_engine_is_named_with_the_allowed_ones(loaded):
    with pytest.raises(ValueError, match="engine must be one of compute, storage, got magic"):
        cast(loaded.model, "fp16", "magic")


def test_an_unknown_format_is_refused_before_anything_is_copied(loaded):
    with pytest.raises(ValueError, match="format must be one of fp32, fp16, bf16, got fp8"):
        cast(loaded.model, "fp8", "compute")


def test_whole_numbers_are_stored_only(loaded):
    with pytest.raises(ValueError, match="format must be one of fp32, fp16, bf16, got int8"):
        cast(loaded.model, "int8", "compute")
    assert cast(loaded.model, "int8", "storage").dtype == torch.float32


def test_routers_are_short_or_fp32_or_alone(loaded):
    with pytest.raises(ValueError, match="routers must be one of short, fp32, alone, got half"):
        cast(loaded.model, "fp16", "compute", "half")
