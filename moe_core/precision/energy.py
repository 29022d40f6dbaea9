"""What one token costs: bytes of parameters read and multiplications done, counted; seconds, measured; no Joules.

The 45 nm figures are a labelled model (Horowitz, ISSCC 2014) for relative comparison only. It knows no texts.
"""

import time
from collections.abc import Iterator
from statistics import median

import pandas as pd
import torch

from moe_core.config import MoEscopeConfig
from moe_core.model.causal_lm import MoEscopeForCausalLM
from moe_core.model.generation import Cache, feed
from moe_core.precision.formats import FORMATS, STORAGE_FORMATS
from moe_core.precision.parts import kind_of, parts
from moe_core.precision.plan import Plan, part_bytes, plan_bytes, uniform
from moe_core.precision.steps import Step

KINDS = ("embedding", "attention", "reading", "router", "routed", "shared", "head")
PICOJOULES_PER_MAC = {"float32": 4.6, "float16": 1.5, "int8": 0.3}   # multiply and add
PICOJOULES_PER_BYTE = {"dram": 1950 / 8, "sram": 100 / 8}            # 1.3-2.6 nJ and 0.1 nJ per 64 bits
REPEATS, TOKENS = 5, 16


def macs(config: MoEscopeConfig, position: int) -> dict[str, int]:
    """Multiply-accumulates for one token that reads `position` tokens before it, by kind; norms and softmax left out.

    "reading" is attention's own arithmetic, queries times keys and weights times values: it grows with the text.
    """
    width, layers = config.hidden_size, config.num_hidden_layers
    return {
        "embedding": 0, "attention": layers * 4 * width * width, "reading": layers * 2 * width * (position + 1),
        "router": layers * width * config.num_experts,
        "routed": layers * config.num_experts_per_tok * 3 * width * config.moe_intermediate_size,
        "shared": layers * 3 * width * config.shared_intermediate_size, "head": width * config.vocab_size}


def bytes_read(model: MoEscopeForCausalLM, plan: Plan, layout: str = "c") -> dict[str, float]:
    """Bytes of parameters that one token touches when every expert of a layer is met equally often, by kind.

    A head that is tied reads the whole embedding; an embedding is one row. Norms, a few hundred numbers, are left out.
    """
    config, found = model.config, dict.fromkeys(KINDS, 0.0)
    used = {"expert": config.num_experts_per_tok / max(config.num_experts, 1), "embedding": 1 / config.vocab_size}
    for part in parts(model):
        kind, size = kind_of(part), part_bytes(model, part, plan[part], layout)
        found["routed" if kind == "expert" else kind] += size * used.get(kind, 1)
        if kind == "embedding" and config.tie_word_embeddings:
            found["head"] += size
    return found


def cost_table(model: MoEscopeForCausalLM, position: int, plans: dict[str, Plan] | None = None) -> pd.DataFrame:
    """One row per plan (default: every format throughout): plan, bytes, read, macs, dense_macs, arithmetic, dram, sram.

    bytes: of the whole file; read: of parameters touched per token. arithmetic, dram, sram: modelled picojoules of the
    multiplications, of the bytes if they come from DRAM, and if they lie in 1 MB of on-chip memory.
    """
    plans = plans or {format: uniform(model, format) for format in STORAGE_FORMATS}
    counted = macs(model.config, position)
    total, dense = sum(counted.values()), sum(counted.values()) + _idle(model.config, counted)
    rows = []
    for name, plan in plans.items():
        read = bytes_read(model, plan)
        rows.append({
            "plan": name, "bytes": plan_bytes(model, plan, "c"), "read": sum(read.values()), "macs": total,
            "dense_macs": dense, "arithmetic": arithmetic(counted, plan),
            **{place: sum(read.values()) * cost for place, cost in PICOJOULES_PER_BYTE.items()}})
    return pd.DataFrame(rows)


def arithmetic(counted: dict[str, int], plan: Plan) -> float:
    """Modelled picojoules of one token's multiplications on a chip that has units for every format of the plan."""
    costs: dict[str, list[float]] = {}
    for part, format in plan.items():
        kind = "routed" if kind_of(part) == "expert" else kind_of(part)
        costs.setdefault(kind, []).append(PICOJOULES_PER_MAC[unit_of(format)])
    costs.setdefault("head", costs["embedding"])
    costs["reading"] = costs["attention"]
    return sum(counted[kind] * sum(cost) / len(cost) for kind, cost in costs.items())


def unit_of(format: str) -> str:
    """Which arithmetic a format would need: no figure is known for bf16 and int4, they count as fp16 and int8."""
    if format == "fp32":
        return "float32"
    return "float16" if format in FORMATS else "int8"


def second_steps(models: dict[str, MoEscopeForCausalLM], token_ids: list[int], repeats: int = REPEATS,
                 tokens: int = TOKENS) -> Iterator[Step]:
    """CPU-seconds of this process per 1,000 tokens, one token at a time: format, seconds, fastest, slowest, tokens.

    The median of some repeats; the formats take turns, so that a busy minute of the machine touches all of them.
    """
    runs: dict[str, list[float]] = {name: [] for name in models}
    total = repeats * len(models)
    for done in range(total):
        name = list(models)[done % len(models)]
        runs[name].append(_seconds(models[name], token_ids, tokens))
        finished = {name: times for name, times in runs.items() if times}
        yield Step(done + 1, total, pd.DataFrame([
            {"format": name, "seconds": median(times), "fastest": min(times), "slowest": max(times),
             "tokens": tokens, "repeats": len(times)} for name, times in finished.items()]))


def _seconds(model: MoEscopeForCausalLM, token_ids: list[int], tokens: int) -> float:
    clock = time.thread_time if torch.get_num_threads() == 1 else time.process_time  # the first leaves neighbours out
    room = model.config.max_position_embeddings
    prompt = [model.config.eos_token_id, *token_ids][:room - tokens]
    cache = Cache(model, len(prompt) + tokens)
    feed(model, prompt, cache)
    started = clock()
    for step in range(tokens):
        feed(model, [token_ids[step % len(token_ids)]], cache)
    return 1000 * (clock() - started) / tokens


def _idle(config: MoEscopeConfig, counted: dict[str, int]) -> int:
    """What the experts that a token does not meet would cost."""
    return counted["routed"] // config.num_experts_per_tok * (config.num_experts - config.num_experts_per_tok)
