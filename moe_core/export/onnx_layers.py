"""The model's layers as ONNX nodes: sparse, without branches, for any number of tokens behind any number of others.

It knows the model's arithmetic and mirrors it node by node; it does not know formats.
"""

import math
from typing import NamedTuple

import numpy as np

from moe_core.config import MoEscopeConfig
from moe_core.export.onnx_graph import FLOAT, INT64, Graph
from moe_core.export.onnx_matrix import Stored, multiply


class Positions(NamedTuple):
    """What attention needs to know of where the T new tokens stand; S = all tokens so far."""

    cosine: str     # (T, head_width)
    sine: str       # (T, head_width)
    mask: str       # (T, S) 0 where a token may read, -inf where not


class Routed(NamedTuple):
    """What the router decided for every token."""

    probabilities: str   # (T, E)
    expert_ids: str      # (T, K)
    weights: str         # (T, K)


def positions(graph: Graph, token_ids: str, past: str, frequencies: np.ndarray) -> Positions:
    """Angles and mask of T tokens behind the P of the cache (L, 2, H, P, head_width)."""
    before = graph("Gather", graph("Shape", past), graph.whole(3))
    end = graph("Add", before, graph("Gather", graph("Shape", token_ids), graph.whole(0)))
    at = graph("Unsqueeze", graph("Range", before, end, graph.whole(1)), graph.ints(1))          # (T, 1)
    angles = graph("Mul", graph("Cast", at, to=FLOAT), graph.keep("frequencies", frequencies))   # (T, head_width)
    readable = graph("LessOrEqual", graph("Range", graph.whole(0), end, graph.whole(1)), at)     # (T, S)
    mask = graph("Where", readable, graph.number(0.0), graph.number(-math.inf))
    return Positions(graph("Cos", angles), graph("Sin", angles), mask)


def rms_norm(graph: Graph, hidden: str, scale: str, epsilon: float) -> str:
    """x / rms(x) · scale."""
    mean = graph("ReduceMean", graph("Mul", hidden, hidden), graph.ints(-1))
    rms = graph("Sqrt", graph("Add", mean, graph.number(epsilon)))
    return graph("Mul", graph("Div", hidden, rms), scale)


def attention(graph: Graph, hidden: str, past: str, at: Positions, config: MoEscopeConfig,
              matrices: dict[str, Stored]) -> tuple[str, str]:
    """(T, D) and this layer's cache (2, H, P, head_width) -> (T, D) and the cache with T more positions."""
    heads, width = config.num_attention_heads, config.hidden_size // config.num_attention_heads
    mixed = graph("Reshape", multiply(graph, hidden, matrices["qkv"]), graph.ints(0, 3 * heads, width))
    by_head = graph("Transpose", mixed, perm=[1, 0, 2])                                     # (3H, T, head_width)
    turning, value = graph("Split", by_head, graph.ints(2 * heads, heads), outputs=2, axis=0)
    query, key = graph("Split", _rotate(graph, turning, at, width), outputs=2, axis=0, num_outputs=2)
    fresh = graph("Reshape", graph("Concat", key, value, axis=0), graph.ints(2, heads, -1, width))
    present = graph("Concat", past, fresh, axis=2)                                          # (2, H, S, head_width)
    keys, values = (graph("Gather", present, graph.whole(side), axis=0) for side in (0, 1))
    scores = graph("MatMul", query, graph("Transpose", keys, perm=[0, 2, 1]))               # (H, T, S)
    scores = graph("Add", graph("Mul", scores, graph.number(width**-0.5)), at.mask)
    read = graph("MatMul", graph("Softmax", scores, axis=-1), values)                       # (H, T, head_width)
    joined = graph("Reshape", graph("Transpose", read, perm=[1, 0, 2]), graph.ints(0, heads * width))
    return multiply(graph, joined, matrices["output"]), present


def route(graph: Graph, hidden: str, router: Stored, experts_per_token: int) -> Routed:
    """Scores of all experts and the best K of each token."""
    logits = multiply(graph, hidden, router)                                                # (T, E)
    best, expert_ids = graph("TopK", logits, graph.ints(experts_per_token), outputs=2, axis=-1)
    return Routed(graph("Softmax", logits, axis=-1), expert_ids, graph("Softmax", best, axis=-1))


def experts(graph: Graph, hidden: str, routed: Routed, config: MoEscopeConfig,
            bank: list[tuple[Stored, Stored]]) -> str:
    """Each token through its K experts only, and their weighted sum: (T, D) -> (T, D).

    Slots (token, rank) are ordered by expert, cut into one piece per expert (an empty one for an idle expert),
    and put back in their places: no loop and no branch, whatever the router says.
    """
    chosen = config.num_experts_per_tok
    slots = graph("Reshape", routed.expert_ids, graph.ints(1, -1))                          # (1, T·K)
    belongs = graph("Equal", slots, graph.keep("experts", np.arange(len(bank)).reshape(-1, 1)))  # (E, T·K)
    order = graph("Gather", graph("NonZero", belongs), graph.whole(1), axis=0)              # (T·K,) by expert
    counts = graph("ReduceSum", graph("Cast", belongs, to=INT64), graph.ints(1), keepdims=0)     # (E,)
    rows = graph("Gather", hidden, graph("Div", order, graph.whole(chosen)), axis=0)        # (T·K, D)
    opened = _through(graph, rows, counts, [gate_up for gate_up, _ in bank])                # (T·K, 2F)
    outputs = _through(graph, _gated(graph, opened), counts, [down for _, down in bank])    # (T·K, D)
    placed = graph("ScatterND", outputs, graph("Unsqueeze", order, graph.ints(1)), outputs)  # every row overwritten
    by_token = graph("Reshape", placed, graph.ints(-1, chosen, config.hidden_size))         # (T, K, D)
    weighted = graph("Mul", by_token, graph("Unsqueeze", routed.weights, graph.ints(2)))
    return graph("ReduceSum", weighted, graph.ints(1), keepdims=0)


def shared_expert(graph: Graph, hidden: str, gate_up: Stored, down: Stored) -> str:
    """The expert that every token meets: (T, D) -> (T, D)."""
    return multiply(graph, _gated(graph, multiply(graph, hidden, gate_up)), down)


def _through(graph: Graph, rows: str, counts: str, matrices: list[Stored]) -> str:
    pieces = graph("Split", rows, counts, outputs=len(matrices), axis=0)
    pieces = pieces if len(matrices) > 1 else [pieces]
    done = [multiply(graph, piece, matrix) for piece, matrix in zip(pieces, matrices, strict=True)]
    return graph("Concat", *done, axis=0)


def _gated(graph: Graph, opened: str) -> str:
    gate, up = graph("Split", opened, outputs=2, axis=-1, num_outputs=2)
    return graph("Mul", graph("Mul", gate, graph("Sigmoid", gate)), up)


def _rotate(graph: Graph, heads: str, at: Positions, width: int) -> str:
    first, second = graph("Split", heads, graph.ints(width // 2, width // 2), outputs=2, axis=-1)
    turned = graph("Concat", graph("Neg", second), first, axis=-1)
    return graph("Add", graph("Mul", heads, at.cosine), graph("Mul", turned, at.sine))
