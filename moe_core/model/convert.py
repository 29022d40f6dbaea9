"""The same function as a stock transformers model, and back: other programs can then run our parameters.

Knows nothing of text; only names and shapes differ between the two sides.
"""

from typing import NamedTuple

from transformers import (
    GraniteMoeSharedConfig,
    GraniteMoeSharedForCausalLM,
    MixtralConfig,
    MixtralForCausalLM,
    PreTrainedConfig,
    PreTrainedModel,
)

from moe_core.config import MoEscopeConfig
from moe_core.model.causal_lm import MoEscopeForCausalLM

SAME_NAME = ("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "num_experts_per_tok",
             "max_position_embeddings", "rms_norm_eps", "rope_parameters", "initializer_range", "router_aux_loss_coef",
             "output_router_logits", "use_cache", "tie_word_embeddings", "pad_token_id", "bos_token_id", "eos_token_id")
OUR_NAME = {"intermediate_size": "moe_intermediate_size", "num_local_experts": "num_experts"}  # stock name -> ours
MIXTRAL_NAMES = (  # parts of parameter names: ours, stock
    ("attention_norm.", "input_layernorm."),
    ("moe_norm.", "post_attention_layernorm."),
    ("attention.query.", "self_attn.q_proj."),
    ("attention.key.", "self_attn.k_proj."),
    ("attention.value.", "self_attn.v_proj."),
    ("attention.output.", "self_attn.o_proj."),
    ("moe.router.score.", "mlp.gate."),
    ("moe.experts.gate_up", "mlp.experts.gate_up_proj"),
    ("moe.experts.down", "mlp.experts.down_proj"),
)
GRANITE_NAMES = (
    *MIXTRAL_NAMES[:6],
    ("moe.router.score.", "block_sparse_moe.router."),
    ("moe.experts.gate_up", "block_sparse_moe.experts.gate_up_proj"),
    ("moe.experts.down", "block_sparse_moe.experts.down_proj"),
    ("moe.shared.gate_up", "shared_mlp.input_linear.weight"),
    ("moe.shared.down", "shared_mlp.output_linear.weight"),
)


class Rule(NamedTuple):
    """A dial of the stock model that must stand at one value, because our model has no such dial."""

    name: str
    wanted: object


def to_granite(model: MoEscopeForCausalLM) -> GraniteMoeSharedForCausalLM:
    """The stock model that transformers, vLLM and llama.cpp (granitemoe) all compute the same way."""
    ours = model.config
    config = GraniteMoeSharedConfig(
        **_stock_dials(ours), shared_intermediate_size=ours.shared_intermediate_size,
        attention_multiplier=_head_width(ours) ** -0.5, embedding_multiplier=1.0, residual_multiplier=1.0,
        logits_scaling=1.0, attention_bias=False)
    return _filled(GraniteMoeSharedForCausalLM(config), model, GRANITE_NAMES)


def from_granite(model: GraniteMoeSharedForCausalLM) -> MoEscopeForCausalLM:
    """Our model with the parameters of a stock Granite; refuses one that computes another function."""
    stock = model.config
    _check(stock, Rule("attention_multiplier", _head_width(stock) ** -0.5), Rule("embedding_multiplier", 1.0),
           Rule("residual_multiplier", 1.0), Rule("logits_scaling", 1.0), Rule("attention_bias", False))
    config = MoEscopeConfig(**_our_dials(stock), shared_intermediate_size=stock.shared_intermediate_size)
    return _filled(MoEscopeForCausalLM(config), model, [(stock, ours) for ours, stock in GRANITE_NAMES])


def to_mixtral(model: MoEscopeForCausalLM) -> MixtralForCausalLM:
    """The best-known stock Mixture of Experts; it has no place for a shared expert."""
    shared_width = model.config.shared_intermediate_size
    if shared_width:
        raise ValueError(f"Mixtral has no shared expert: shared_intermediate_size must be 0, got {shared_width}")
    config = MixtralConfig(**_stock_dials(model.config), sliding_window=None, router_jitter_noise=0.0)
    return _filled(MixtralForCausalLM(config), model, MIXTRAL_NAMES)


def from_mixtral(model: MixtralForCausalLM) -> MoEscopeForCausalLM:
    """Our model with the parameters of a stock Mixtral; refuses one that computes another function."""
    stock = model.config
    _check(stock, Rule("sliding_window", None))
    config = MoEscopeConfig(**_our_dials(stock), shared_intermediate_size=0)
    return _filled(MoEscopeForCausalLM(config), model, [(stock, ours) for ours, stock in MIXTRAL_NAMES])


def _stock_dials(ours: MoEscopeConfig) -> dict:
    dials = {name: getattr(ours, name) for name in SAME_NAME}
    dials |= {stock: getattr(ours, our) for stock, our in OUR_NAME.items()}
    # router_z_loss_coef is read by our training alone; it rides along so that nothing is lost on the way back.
    return dials | {"num_key_value_heads": ours.num_attention_heads, "hidden_act": "silu", "attention_dropout": 0.0,
                    "router_z_loss_coef": ours.router_z_loss_coef}


def _our_dials(stock: PreTrainedConfig) -> dict:
    _check(stock, Rule("num_key_value_heads", stock.num_attention_heads), Rule("hidden_act", "silu"))
    if getattr(stock, "head_dim", None) is not None:
        _check(stock, Rule("head_dim", _head_width(stock)))
    if stock.rope_parameters["rope_type"] != "default":
        raise ValueError(f"rope_type must be default, got {stock.rope_parameters['rope_type']}")
    dials = {name: getattr(stock, name) for name in (*SAME_NAME, "router_z_loss_coef") if hasattr(stock, name)}
    return dials | {our: getattr(stock, name) for name, our in OUR_NAME.items()}


def _check(stock: PreTrainedConfig, *rules: Rule) -> None:
    for name, wanted in rules:
        if getattr(stock, name) != wanted:
            raise ValueError(f"{name} must be {wanted}, got {getattr(stock, name)}")


def _head_width(config: PreTrainedConfig) -> int:
    return config.hidden_size // config.num_attention_heads


def _filled(target: PreTrainedModel, source: PreTrainedModel, names) -> PreTrainedModel:
    """`target` with the parameters of `source` under their other names, in the same format and mode."""
    formats = {str(parameter.dtype) for parameter in source.parameters()}
    if len(formats) > 1:
        raise ValueError(f"all parameters must have one format, got {sorted(formats)}")
    renamed = {_rename(name, names): tensor for name, tensor in source.state_dict().items()}
    target.to(source.dtype).load_state_dict(renamed)
    return target.train(source.training)


def _rename(name: str, names) -> str:
    for old, new in names:
        if old in name:
            return name.replace(old, new)
    return name
