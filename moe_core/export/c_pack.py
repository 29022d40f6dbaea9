"""A planned model as the one file that runtime.c reads: header, vocabulary, matrices in the formats of the plan.

The layout is described where it is read, in runtime.c. It knows no compiler.
"""

import struct
import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from moe_core.export.blocks import packed_codes
from moe_core.model.causal_lm import MoEscopeForCausalLM
from moe_core.precision.formats import INTEGER_FORMATS
from moe_core.precision.parts import EMBEDDING, HEAD
from moe_core.precision.plan import Plan, check
from moe_core.precision.quantise import quantise
from moe_core.tokenizer import BYTES, END, Tokenizer

MAGIC, VERSION = b"MOESCOPE", 1
FORMAT_CODES = {name: code for code, name in enumerate(("fp32", "fp16", "bf16", "int8", "int4", "int2"))}
ALIGNMENT = 16
GROUP = 32
HEAD_BYTES = 20  # magic, version, size, checksum: what the checksum leaves out


def pack(model: MoEscopeForCausalLM, tokenizer: Tokenizer, plan: Plan) -> bytes:
    """The whole file."""
    check(plan, model)
    if tokenizer.vocab_size > model.config.vocab_size:
        raise ValueError(f"the tokenizer has {tokenizer.vocab_size} tokens, the model {model.config.vocab_size}")
    merges = _merges(tokenizer)
    chunks = [_dials(model, tokenizer, len(merges)), *_vocabulary(tokenizer, model.config.vocab_size), merges.tobytes(),
              *_parameters(model, plan)]
    body = bytearray(HEAD_BYTES)
    for chunk in chunks:
        if len(body) > HEAD_BYTES:  # the dials follow at once, everything else from a multiple of 16
            body += bytes(-len(body) % ALIGNMENT)
        body += chunk
    body[:HEAD_BYTES] = MAGIC + struct.pack("<3I", VERSION, len(body), zlib.crc32(body[HEAD_BYTES:]))
    return bytes(body)


def write(model: MoEscopeForCausalLM, tokenizer: Tokenizer, plan: Plan, path: str | Path) -> Path:
    """Put the file at `path`."""
    path = Path(path)
    path.write_bytes(pack(model, tokenizer, plan))
    return path


def _dials(model: MoEscopeForCausalLM, tokenizer: Tokenizer, merges: int) -> bytes:
    config = model.config
    experts = config.num_experts
    theta = (config.rope_parameters or {}).get("rope_theta", 10000.0)
    whole = (config.vocab_size, config.hidden_size, config.num_hidden_layers, config.num_attention_heads, experts,
             config.num_experts_per_tok if experts else 0, config.moe_intermediate_size if experts else 0,
             config.shared_intermediate_size, config.max_position_embeddings, tokenizer.end_id,
             tokenizer.units.index(0), int(_is_tied(model)), merges)
    return struct.pack(f"<{len(whole)}I2f", *whole, config.rms_norm_eps, theta)


def _vocabulary(tokenizer: Tokenizer, vocab_size: int) -> tuple[bytes, bytes]:
    """Where each token's bytes end, and all bytes; END and ids that the tokenizer lacks have none."""
    raw = [bytes([unit]) if isinstance(unit, int) else b"" if unit == END else unit.encode()
           for unit in tokenizer.units]
    raw += [b""] * (vocab_size - len(raw))
    ends = np.cumsum([len(text) for text in raw], dtype="<u4")
    return ends.tobytes(), b"".join(raw)


def _merges(tokenizer: Tokenizer) -> np.ndarray:
    """(merges, 4) left, right, whole, rank; in the order of left, then right."""
    ids = {BYTES[unit] if isinstance(unit, int) else unit: token for token, unit in enumerate(tokenizer.units)}
    rows = [(ids[left], ids[right], ids[left + right], rank) for rank, (left, right) in enumerate(tokenizer.merges)]
    return np.array(sorted(rows), dtype="<u4").reshape(-1, 4)


def _parameters(model: MoEscopeForCausalLM, plan: Plan) -> Iterable[bytes]:
    """Norms and matrices in the order in which a token meets them."""
    yield from _matrix(model.model.embed_tokens.weight, plan[EMBEDDING])
    for number, layer in enumerate(model.model.layers):
        yield _fp32(layer.attention_norm.weight)
        for projection in ("query", "key", "value", "output"):
            yield from _matrix(getattr(layer.attention, projection).weight, plan[f"attention.{number}"])
        yield _fp32(layer.moe_norm.weight)
        yield from _feed_forward(layer.moe, number, plan)
    yield _fp32(model.model.norm.weight)
    if not _is_tied(model):
        yield from _matrix(model.lm_head.weight, plan[HEAD])


def _feed_forward(moe: torch.nn.Module, layer: int, plan: Plan) -> Iterable[bytes]:
    shared = moe.shared if hasattr(moe, "router") else moe  # a dense twin's layer is the shared expert alone
    if hasattr(moe, "router"):
        yield from _matrix(moe.router.score.weight, plan[f"router.{layer}"])
        for expert, pair in enumerate(zip(moe.experts.gate_up, moe.experts.down, strict=True)):
            for values in pair:
                yield from _matrix(values, plan[f"expert.{layer}.{expert}"])
    if shared is not None:
        for values in (shared.gate_up, shared.down):
            yield from _matrix(values, plan[f"shared.{layer}"])


def _matrix(values: Tensor, format: str) -> Iterable[bytes]:
    """Format, rows, columns; the scales of whole numbers; the numbers, rows filled up to whole groups."""
    values = values.detach().float()
    yield struct.pack("<3I", FORMAT_CODES[format], *values.shape)
    if format in INTEGER_FORMATS:
        codes, scales = quantise(values, INTEGER_FORMATS[format])
        yield scales.numpy().astype("<f2").tobytes()
        yield packed_codes(codes.numpy(), INTEGER_FORMATS[format].bits).tobytes()
        return
    filled = torch.nn.functional.pad(values, (0, -values.shape[1] % GROUP))
    if format == "fp32":
        yield _fp32(filled)
    else:
        kind = torch.float16 if format == "fp16" else torch.bfloat16
        yield filled.to(kind).view(torch.int16).numpy().astype("<i2").tobytes()


def _fp32(values: Tensor) -> bytes:
    return values.detach().float().numpy().astype("<f4").tobytes()


def _is_tied(model: MoEscopeForCausalLM) -> bool:
    return model.lm_head.weight is model.model.embed_tokens.weight
