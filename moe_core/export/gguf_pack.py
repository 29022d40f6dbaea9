"""A planned model as a GGUF file that llama.cpp runs: architecture granitemoe, whose function is exactly ours.

llama.cpp keeps all experts of a layer in one tensor, so they share a format; it has no int2 of our kind; and where
parameters are shorter than fp32 it shortens activations too, so routers stay in fp32, as in its own files.
This module knows nothing of how the file is run.
"""

from collections.abc import Iterator
from pathlib import Path

import gguf
import numpy as np
import torch
from gguf import GGMLQuantizationType as Kind
from torch import Tensor

from moe_core.export.blocks import packed_codes
from moe_core.model.causal_lm import MoEscopeForCausalLM
from moe_core.precision.formats import INTEGER_FORMATS
from moe_core.precision.parts import EMBEDDING, HEAD, kind_of
from moe_core.precision.plan import Plan, check
from moe_core.precision.quantise import quantise
from moe_core.tokenizer import BYTES, Tokenizer

KINDS = {"int4": Kind.Q4_0, "int8": Kind.Q8_0, "bf16": Kind.BF16, "fp16": Kind.F16, "fp32": Kind.F32}  # coarse to fine
FILE_TYPES = {"int4": gguf.LlamaFileType.MOSTLY_Q4_0, "int8": gguf.LlamaFileType.MOSTLY_Q8_0,
              "bf16": gguf.LlamaFileType.MOSTLY_BF16, "fp16": gguf.LlamaFileType.MOSTLY_F16,
              "fp32": gguf.LlamaFileType.ALL_F32}
# llama.cpp's word for BPE on characters with byte fallback, a space written as "▁": the kind of tokenizer ours is.
TOKENIZER = "gemma4"
SPACE = "▁"


def fitted(plan: Plan) -> Plan:
    """The plan with some parts raised: int2 to int4, experts of a layer to the finest of them, routers to fp32."""
    order = list(KINDS)
    raised = {part: "fp32" if kind_of(part) == "router" else "int4" if format == "int2" else format
              for part, format in plan.items()}
    for layer in {part.split(".")[1] for part in plan if part.startswith("expert.")}:
        experts = [part for part in plan if part.startswith(f"expert.{layer}.")]
        finest = max((raised[part] for part in experts), key=order.index)
        raised |= dict.fromkeys(experts, finest)
    return raised


def write(model: MoEscopeForCausalLM, tokenizer: Tokenizer, plan: Plan, path: str | Path, name: str) -> Path:
    """Put the file at `path`; the plan must be one that GGUF can say."""
    check(plan, model)
    if fitted(plan) != plan:
        raise ValueError("GGUF has no int2, one format for the experts of a layer, and fp32 routers: see fitted()")
    if not model.config.num_experts:
        raise ValueError("GGUF: the architecture granitemoe needs routed experts, this model has none")
    tensors = list(_tensors(model, plan))  # before the file is opened: a shape it cannot say leaves no file behind
    writer = gguf.GGUFWriter(path, gguf.MODEL_ARCH_NAMES[gguf.MODEL_ARCH.GRANITE_MOE])
    _say_dials(writer, model, name)
    if len(formats := {format for part, format in plan.items() if kind_of(part) != "router"}) == 1:
        writer.add_file_type(FILE_TYPES[formats.pop()])
    _say_vocabulary(writer, tokenizer, model.config.vocab_size)
    for tensor, numbers, kind in tensors:
        writer.add_tensor(tensor, numbers, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return Path(path)


def _say_dials(writer: gguf.GGUFWriter, model: MoEscopeForCausalLM, name: str) -> None:
    config = model.config
    head_width = config.hidden_size // config.num_attention_heads
    writer.add_name(name)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.moe_intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_attention_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_dimension_count(head_width)
    writer.add_rope_freq_base((config.rope_parameters or {}).get("rope_theta", 10000.0))
    writer.add_expert_count(config.num_experts)
    writer.add_expert_used_count(config.num_experts_per_tok)
    if config.shared_intermediate_size:
        writer.add_expert_shared_feed_forward_length(config.shared_intermediate_size)
    writer.add_vocab_size(config.vocab_size)
    # Granite's four multipliers, as moe_core/model/convert.py has them.
    writer.add_attention_scale(head_width**-0.5)
    for add in (writer.add_embedding_scale, writer.add_residual_scale, writer.add_logit_scale):
        add(1.0)


def _say_vocabulary(writer: gguf.GGUFWriter, tokenizer: Tokenizer, vocab_size: int) -> None:
    units, unused = tokenizer.units, vocab_size - tokenizer.vocab_size
    if unused < 0:
        raise ValueError(f"the tokenizer has {tokenizer.vocab_size} tokens, the model {vocab_size}")
    tokens = [BYTES[unit] if isinstance(unit, int) else unit.replace(" ", SPACE) for unit in units]
    types = [gguf.TokenType.BYTE if isinstance(unit, int) else gguf.TokenType.NORMAL for unit in units]
    types[tokenizer.end_id] = gguf.TokenType.CONTROL
    writer.add_tokenizer_model(TOKENIZER)
    writer.add_token_list(tokens + [f"<unused {number}>" for number in range(unused)])
    writer.add_token_scores([0.0] * vocab_size)
    writer.add_token_types(types + [gguf.TokenType.UNUSED] * unused)
    writer.add_token_merges([" ".join(piece.replace(" ", SPACE) for piece in pair) for pair in tokenizer.merges])
    writer.add_bos_token_id(tokenizer.end_id)  # every text begins with END and ends with it
    writer.add_eos_token_id(tokenizer.end_id)
    writer.add_add_bos_token(True)
    writer.add_add_space_prefix(False)


def _tensors(model: MoEscopeForCausalLM, plan: Plan) -> Iterator[tuple[str, np.ndarray, Kind]]:
    """llama.cpp's name of every tensor, with its numbers in the format of its part."""
    yield "token_embd.weight", *_stored(model.model.embed_tokens.weight, plan[EMBEDDING])
    yield "output_norm.weight", *_stored(model.model.norm.weight, "fp32")
    if model.lm_head.weight is not model.model.embed_tokens.weight:
        yield "output.weight", *_stored(model.lm_head.weight, plan[HEAD])
    for number, layer in enumerate(model.model.layers):
        for name, values, part in _of_layer(layer, model.config.num_attention_heads):
            format = "fp32" if part is None else plan[part.format(number)]
            yield f"blk.{number}.{name}.weight", *_stored(values, format)


def _of_layer(layer: torch.nn.Module, heads: int) -> Iterator[tuple[str, Tensor, str | None]]:
    """Name, values and part of every tensor of a layer; norms are no part."""
    attention, moe = layer.attention, layer.moe
    yield "attn_norm", layer.attention_norm.weight, None
    yield "ffn_norm", layer.moe_norm.weight, None
    yield "attn_q", _pairs_together(attention.query.weight, heads), "attention.{}"
    yield "attn_k", _pairs_together(attention.key.weight, heads), "attention.{}"
    yield "attn_v", attention.value.weight, "attention.{}"
    yield "attn_output", attention.output.weight, "attention.{}"
    yield "ffn_gate_inp", moe.router.score.weight, "router.{}"
    groups = [(moe.experts, "exps", "expert.{}.0")] + ([(moe.shared, "shexp", "shared.{}")] if moe.shared else [])
    for experts, ending, part in groups:
        gate, up = experts.gate_up.chunk(2, dim=-2)
        for name, values in (("gate", gate), ("up", up), ("down", experts.down)):
            yield f"ffn_{name}_{ending}", values, part


def _pairs_together(rows: Tensor, heads: int) -> Tensor:
    """llama.cpp turns neighbours (2i, 2i + 1) where we turn (i, i + half): the same, with the rows in its order."""
    return rows.unflatten(0, (heads, 2, -1)).transpose(1, 2).flatten(0, 2)


def _stored(values: Tensor, format: str) -> tuple[np.ndarray, Kind]:
    """The numbers as llama.cpp keeps them: whole numbers as blocks of an fp16 scale and 32 codes."""
    values = values.detach().float().contiguous()
    if format in INTEGER_FORMATS:
        return _blocks(values, format), KINDS[format]
    if format == "bf16":
        return values.to(torch.bfloat16).view(torch.uint8).numpy(), Kind.BF16
    return values.to(torch.float16 if format == "fp16" else torch.float32).numpy(), KINDS[format]


def _blocks(values: Tensor, format: str) -> np.ndarray:
    kind = INTEGER_FORMATS[format]
    if values.shape[-1] % kind.group:
        raise ValueError(f"GGUF keeps {format} in whole groups of {kind.group}: rows of {values.shape[-1]} do not fit")
    codes, scales = quantise(values.flatten(0, -2), kind)                # experts of a layer as rows of one matrix
    halves = scales.numpy().astype("<f2")[..., None].view(np.uint8)      # (rows, groups, 2)
    blocks = np.concatenate([halves, packed_codes(codes.numpy(), kind.bits)], axis=-1)
    return blocks.reshape(*values.shape[:-1], -1)                        # (..., rows, bytes of a row)
