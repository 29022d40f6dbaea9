"""A stock transformers model with our parameters computes our function: same logits, same experts."""


import pytest
import torch
from transformers import GraniteMoeSharedConfig, GraniteMoeSharedForCausalLM, MixtralConfig, MixtralForCausalLM
from transformers.models.granitemoeshared.modeling_granitemoeshared import GraniteMoeSharedTopKRouter
from transformers.models.mixtral.modeling_mixtral import MixtralTopKRouter

from moe_core.commands.arguments import EMBEDDED_MODEL
from moe_core.config import MoEscopeConfig
from moe_core.model.causal_lm import MoEscopeForCausalLM
from moe_core.model.convert import from_granite, from_mixtral, to_granite, to_mixtral
from moe_core.precision.cast import computed
from moe_core.tracing.watch import Recorder, watching

STOCK = {"vocab_size": 40, "hidden_size": 16, "intermediate_size": 12, "num_hidden_layers": 2,
         "num_attention_heads": 2, "num_key_value_heads": 2, "num_local_experts": 3, "pad_token_id": 0}


@pytest.fixture(params=["random", "random without shared expert", pytest.param("trained", marks=pytest.mark.trained)])
def source(request, build) -> MoEscopeForCausalLM:
    if request.param == "trained":
        return MoEscopeForCausalLM.from_pretrained(EMBEDDED_MODEL, dtype=torch.float32).eval()
    return build(shared_intermediate_size=8 if request.param == "random" else 0)


def our_choice(model, token_ids):
    """Logits and every layer's expert ids."""
    recorder = Recorder()
    with torch.no_grad(), watching(recorder):
        logits = model(token_ids).logits
    return logits, torch.stack([routing.expert_ids for routing in recorder.routings])  # (L, N, K)


def stock_choice(model, token_ids):
    """The same of a stock model, its ids heard by hooks of this test's own."""
    heard = []
    routers = [part for part in model.modules() if isinstance(part, GraniteMoeSharedTopKRouter | MixtralTopKRouter)]
    hooks = [router.register_forward_hook(lambda _, __, output: heard.append(output[2])) for router in routers]
    with torch.no_grad():
        logits = model(token_ids).logits
    for hook in hooks:
        hook.remove()
    return logits, torch.stack(heard)


def some_tokens(model) -> torch.Tensor:
    length = min(60, model.config.max_position_embeddings)
    return torch.randint(model.config.vocab_size, (2, length), generator=torch.Generator().manual_seed(3))


def assert_same_function(ours, stock):
    token_ids = some_tokens(ours)
    our_logits, our_ids = our_choice(ours, token_ids)
    stock_logits, stock_ids = stock_choice(stock, token_ids)
    assert torch.equal(our_ids, stock_ids)
    largest = float(our_logits.abs().max())  # sums are taken in another order: fp32 differs by parts of the largest
    torch.testing.assert_close(stock_logits, our_logits, rtol=1e-5, atol=max(1e-5, 1e-6 * largest))


def our_dials(config) -> dict:
    return {name: getattr(config, name) for name in MoEscopeConfig.__annotations__}


def assert_same_parameters(first, second):
    assert our_dials(first.config) == our_dials(second.config)
    others = second.state_dict()
    assert first.state_dict().keys() == others.keys()
    assert all(torch.equal(tensor, others[name]) for name, tensor in first.state_dict().items())


def test_granite_computes_the_same_logits_and_chooses_the_same_experts(source):
    assert_same_function(source, to_granite(source))


def test_mixtral_does_too_without_a_shared_expert(build):
    model = build(shared_intermediate_size=0)
    assert_same_function(model, to_mixtral(model))


def test_there_and_back_through_granite_loses_no_bit(source):
    assert_same_parameters(source, from_granite(to_granite(source)))


def test_there_and_back_through_mixtral_loses_no_bit(build):
    model = build(shared_intermediate_size=0, router_z_loss_coef=0.5)
    assert_same_parameters(model, from_mixtral(to_mixtral(model)))


def test_a_foreign_granite_becomes_ours(build):
    torch.manual_seed(4)
    stock = GraniteMoeSharedForCausalLM(GraniteMoeSharedConfig(
        **STOCK, shared_intermediate_size=6, attention_multiplier=8 ** -0.5, tie_word_embeddings=False)).eval()
    assert_same_function(from_granite(stock), stock)


def test_a_foreign_mixtral_becomes_ours_with_its_own_rotary_base(build):
    torch.manual_seed(4)
    stock = MixtralForCausalLM(MixtralConfig(**STOCK, head_dim=8)).eval()
    ours = from_mixtral(stock)
    assert ours.config.rope_parameters["rope_theta"] == 1e6
    assert ours.config.shared_intermediate_size == 0
    assert_same_function(ours, stock)


def test_the_embedding_stays_tied(model):
    stock = to_granite(model)
    assert stock.lm_head.weight is stock.model.embed_tokens.weight
    back = from_granite(stock)
    assert back.lm_head.weight is back.model.embed_tokens.weight


def test_the_copy_has_parameters_of_its_own(model):
    stock = to_granite(model)
    before = model.lm_head.weight.clone()
    with torch.no_grad():
        stock.lm_head.weight.zero_()
    assert torch.equal(model.lm_head.weight, before)


def test_format_and_mode_go_along(model):
    stock = to_granite(computed(model, "bf16").train())
    assert {parameter.dtype for parameter in stock.parameters()} == {torch.bfloat16}
    assert stock.training


def test_a_stock_checkpoint_of_ours_opens_with_transformers_alone(model, token_ids, tmp_path):
    to_granite(model).save_pretrained(tmp_path)
    stock = GraniteMoeSharedForCausalLM.from_pretrained(tmp_path)
    assert_same_function(model, stock)


def test_mixtral_has_no_place_for_a_shared_expert(build):
    with pytest.raises(ValueError, match=r"shared_intermediate_size must be 0, got 8"):
        to_mixtral(build(shared_intermediate_size=8))


def test_two_formats_in_one_model_are_refused(model):
    with pytest.raises(ValueError, match=r"one format, got \['torch.float16', 'torch.float32'\]"):
        to_granite(computed(model, "fp16", routers="fp32"))


@pytest.mark.parametrize(("dials", "message"), [
    ({"attention_multiplier": 1.0}, r"attention_multiplier must be 0.35\d+, got 1.0"),
    ({"embedding_multiplier": 12.0}, "embedding_multiplier must be 1.0, got 12.0"),
    ({"residual_multiplier": 0.2}, "residual_multiplier must be 1.0, got 0.2"),
    ({"logits_scaling": 6.0}, "logits_scaling must be 1.0, got 6.0"),
    ({"attention_bias": True}, "attention_bias must be False, got True"),
    ({"num_key_value_heads": 1}, "num_key_value_heads must be 2, got 1"),
    ({"hidden_act": "gelu"}, "hidden_act must be silu, got gelu"),
    ({"rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 1e4}}, "must be default, got linear"),
])
def test_a_granite_that_computes_something_else_is_refused(dials, message):
    config = GraniteMoeSharedConfig(**{**STOCK, "attention_multiplier": 8 ** -0.5, **dials})
    with pytest.raises(ValueError, match=message):
        from_granite(GraniteMoeSharedForCausalLM(config))


@pytest.mark.parametrize(("dials", "message"), [
    ({"sliding_window": 5}, "sliding_window must be None, got 5"),
    ({"head_dim": 4}, "head_dim must be 8, got 4"),
])
def test_a_mixtral_that_computes_something_else_is_refused(dials, message):
    with pytest.raises(ValueError, match=message):
        from_mixtral(MixtralForCausalLM(MixtralConfig(**STOCK, **dials)))
