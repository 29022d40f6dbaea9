"""A model under a plan as one ONNX file, every part in its own format.

Only matrices differ between two plans; the embedding is kept once and serves as the head too where the two are tied.
"""

import json
from pathlib import Path

import numpy as np
import onnx
import torch

from moe_core.export.onnx_graph import FLOAT, INT64, Graph
from moe_core.export.onnx_layers import attention, experts, positions, rms_norm, route, shared_expert
from moe_core.export.onnx_matrix import Stored, multiply, pick_rows, store
from moe_core.model.causal_lm import DecoderLayer, MoEscopeForCausalLM
from moe_core.precision.plan import Plan, check, write_plan
from moe_core.tokenizer import Tokenizer

FILE = "model.onnx"


def export_onnx(model: MoEscopeForCausalLM, tokenizer: Tokenizer, plan: Plan, folder: str | Path) -> Path:
    """Write model.onnx, its plan and its tokenizer into a folder; gives back the path of model.onnx."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    made = onnx_model(model, plan).SerializeToString()
    path = folder / FILE
    unfinished = path.with_suffix(".part")
    unfinished.write_bytes(made)
    unfinished.replace(path)  # whole or not at all
    write_plan(plan, folder / "plan.json")
    tokenizer.save(folder)
    return path


def onnx_model(model: MoEscopeForCausalLM, plan: Plan) -> onnx.ModelProto:
    """token_ids (T,) and past (L, 2, H, P, head_width) -> logits, present, and every layer's routing."""
    check(plan, model)
    if not model.config.num_experts:
        raise ValueError("a model without routed experts has no routing to export: num_experts must be above 0, got 0")
    return _Writer(model, plan).write()


class _Writer:
    """One model on its way into a graph."""

    def __init__(self, model: MoEscopeForCausalLM, plan: Plan):
        self.model, self.config, self.plan, self.graph = model, model.config, plan, Graph()

    def write(self) -> onnx.ModelProto:
        graph, config = self.graph, self.config
        at = positions(graph, "token_ids", "past", _frequencies(self.model))
        embedding = self._store("embedding", self.model.model.embed_tokens.weight)
        hidden = pick_rows(graph, "token_ids", embedding)
        pasts = graph("Split", "past", outputs=config.num_hidden_layers, axis=0, num_outputs=config.num_hidden_layers)
        layers = []
        for number, layer in enumerate(self.model.model.layers):
            past = pasts[number] if config.num_hidden_layers > 1 else pasts
            hidden, *told = self._layer(number, layer, hidden, graph("Squeeze", past, graph.ints(0)), at)
            layers.append(told)
        hidden = self._norm("norm", hidden, self.model.model.norm)
        head = embedding if config.tie_word_embeddings else self._store("head", self.model.lm_head.weight)
        graph.output("logits", multiply(graph, hidden, head))
        for name, values in zip(("present", "expert_ids", "router_probabilities"), zip(*layers, strict=True),
                                strict=True):
            stacked = [graph("Unsqueeze", value, graph.ints(0)) for value in values]
            graph.output(name, graph("Concat", *stacked, axis=0))
        return graph.model(*_signature(config), {"moescope": json.dumps(shape_of(config))})

    def _layer(self, number: int, layer: DecoderLayer, hidden: str, past: str, at) -> tuple[str, ...]:
        """New hidden states, and this layer's cache, expert ids and probabilities."""
        graph, config = self.graph, self.config
        normal = self._norm(f"attention_norm.{number}", hidden, layer.attention_norm)
        read, present = attention(graph, normal, past, at, config, self._attention(number, layer))
        hidden = graph("Add", hidden, read)
        normal = self._norm(f"moe_norm.{number}", hidden, layer.moe_norm)
        router = self._store(f"router.{number}", layer.moe.router.score.weight)
        routed = route(graph, normal, router, config.num_experts_per_tok)
        bank = [self._pair(f"expert.{number}.{expert}", layer.moe.experts.gate_up[expert],
                           layer.moe.experts.down[expert]) for expert in range(config.num_experts)]
        combined = experts(graph, normal, routed, config, bank)
        if layer.moe.shared is not None:
            pair = self._pair(f"shared.{number}", layer.moe.shared.gate_up, layer.moe.shared.down)
            combined = graph("Add", combined, shared_expert(graph, normal, *pair))
        return graph("Add", hidden, combined), present, routed.expert_ids, routed.probabilities

    def _attention(self, number: int, layer: DecoderLayer) -> dict[str, Stored]:
        """Query, key and value as one matrix: groups run along rows, so their codes are the same."""
        part, own = f"attention.{number}", layer.attention
        together = torch.cat([own.query.weight, own.key.weight, own.value.weight])
        return {"qkv": self._store(part, together, ".qkv"), "output": self._store(part, own.output.weight, ".output")}

    def _pair(self, part: str, gate_up: torch.Tensor, down: torch.Tensor) -> tuple[Stored, Stored]:
        return self._store(part, gate_up, ".gate_up"), self._store(part, down, ".down")

    def _store(self, part: str, matrix: torch.Tensor, suffix: str = "") -> Stored:
        return store(self.graph, part + suffix, matrix.detach(), self.plan[part])

    def _norm(self, name: str, hidden: str, norm: torch.nn.Module) -> str:
        return rms_norm(self.graph, hidden, self.graph.keep(name, norm.weight.detach().float().numpy()), norm.epsilon)


def shape_of(config) -> dict[str, int]:
    """What a program must know beside the file to run it."""
    return {"layers": config.num_hidden_layers, "heads": config.num_attention_heads,
            "head_width": config.hidden_size // config.num_attention_heads, "experts": config.num_experts,
            "experts_per_token": config.num_experts_per_tok, "vocabulary": config.vocab_size,
            "positions": config.max_position_embeddings, "end_id": config.eos_token_id}


def _signature(config) -> tuple[dict, dict]:
    shape = shape_of(config)
    layers, cache = shape["layers"], (shape["layers"], 2, shape["heads"])
    inputs = {"token_ids": (INT64, ["T"]), "past": (FLOAT, [*cache, "P", shape["head_width"]])}
    outputs = {"logits": (FLOAT, ["T", shape["vocabulary"]]), "present": (FLOAT, [*cache, "S", shape["head_width"]]),
               "expert_ids": (INT64, [layers, "T", shape["experts_per_token"]]),
               "router_probabilities": (FLOAT, [layers, "T", shape["experts"]])}
    return inputs, outputs


def _frequencies(model: MoEscopeForCausalLM) -> np.ndarray:
    """What a position is multiplied by to give its angles: row 1's, because position times frequency is the angle."""
    width = model.config.hidden_size // model.config.num_attention_heads
    theta = (model.config.rope_parameters or {}).get("rope_theta", 10000.0)
    once = theta ** (-torch.arange(0, width, 2).float() / width)
    return once.repeat(2).numpy()
