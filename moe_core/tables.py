"""A RoutingTrace becomes DataFrames, one row per thing a figure can show; their columns are API.

    routing     layer, position, token, phase, expert, probability, weight, rank   every expert, chosen or not
    tokens      layer, position, token, first, second, margin, entropy
    candidates  rank, token, probability                                           of one position
    lens        layer, rank, token, probability, kl                                of one position, layer by layer

It does not know models or pictures. `token` is what a reader sees (a piece's label), `layer` the layer's number.
"""

import numpy as np
import pandas as pd

from moe_core.tracing.trace import RoutingTrace

NOT_CHOSEN = 0  # rank of an expert that a token did not get; the first choice has rank 1
NONE = -1       # `second` where a token gets one expert only


def routing_table(trace: RoutingTrace) -> pd.DataFrame:
    """One row per layer, position and expert; an expert that was not chosen has weight 0 and rank 0.

    So has one that a what-if took away: a slot of weight 0 is no choice.
    """
    layers, length = trace.expert_ids.shape[:2]
    experts = trace.experts
    shape = (layers, length, experts)
    probability = np.full(shape, np.nan, np.float32) if trace.probabilities is None else trace.probabilities
    weight, rank = np.zeros(shape, np.float32), np.full(shape, NOT_CHOSEN, np.int64)
    np.put_along_axis(weight, trace.expert_ids, trace.weights, axis=2)
    ranks = np.where(trace.weights > 0, np.arange(1, trace.experts_per_token + 1), NOT_CHOSEN)  # (L, T, K)
    np.put_along_axis(rank, trace.expert_ids, ranks, axis=2)
    return pd.DataFrame({
        "layer": np.repeat(np.array(trace.layers, np.int64), length * experts),
        "position": np.tile(np.repeat(np.arange(length), experts), layers),
        "token": np.tile(np.repeat(token_labels(trace), experts), layers),
        "phase": np.tile(np.repeat(np.array(trace.phase, object), experts), layers),
        "expert": np.tile(np.arange(experts), layers * length),
        "probability": probability.ravel(), "weight": weight.ravel(), "rank": rank.ravel(),
    })


def tokens_table(trace: RoutingTrace) -> pd.DataFrame:
    """One row per layer and position: the first two experts, and how sure the router was of its choice."""
    layers, length, chosen = trace.expert_ids.shape
    first = trace.expert_ids[:, :, 0]
    second = trace.expert_ids[:, :, 1] if chosen > 1 else np.full_like(first, NONE)
    return pd.DataFrame({
        "layer": np.repeat(np.array(trace.layers, np.int64), length),
        "position": np.tile(np.arange(length), layers),
        "token": np.tile(token_labels(trace), layers),
        "first": first.ravel(), "second": second.ravel(),
        "margin": margins(trace).ravel(), "entropy": _entropies(trace).ravel(),
    })


def candidates_table(trace: RoutingTrace, position: int) -> pd.DataFrame:
    """What the model thought might follow the token at `position`, likeliest first."""
    length = len(trace.token_ids)
    if not 0 <= position < length:
        raise ValueError(f"position must lie in 0..{length - 1}, got {position}")
    if trace.candidate_ids is None:
        return pd.DataFrame({"rank": [], "token": [], "probability": []})
    return pd.DataFrame({
        "rank": np.arange(1, trace.candidate_ids.shape[1] + 1),
        "token": _candidate_labels(trace)[position],
        "probability": trace.candidate_probabilities[position],
    })


def lens_table(lens) -> pd.DataFrame:
    """One row per layer and candidate of a LogitLens (moe_core/tracing/lens.py)."""
    layers, likeliest = lens.probabilities.shape
    return pd.DataFrame({
        "layer": np.repeat(np.arange(layers), likeliest), "rank": np.tile(np.arange(1, likeliest + 1), layers),
        "token": [label for row in lens.labels for label in row], "probability": lens.probabilities.ravel(),
        "kl": np.repeat(lens.kl, likeliest),
    })


def token_labels(trace: RoutingTrace) -> np.ndarray:
    """The readable label of every token."""
    return np.array([piece.label for piece in trace.pieces], object)  # (T,)


def margins(trace: RoutingTrace) -> np.ndarray:
    """How much the last chosen expert's logit lies above the next one's; NaN where nothing is left to choose."""
    scores, chosen = trace.logits, trace.experts_per_token
    if scores is None and trace.probabilities is not None:
        with np.errstate(divide="ignore"):
            scores = np.log(trace.probabilities)  # logits up to a constant, which a difference does not see
    if scores is None or chosen == trace.experts:
        return np.full(trace.expert_ids.shape[:2], np.nan, np.float32)
    best_first = -np.sort(-scores, axis=2)                        # (L, T, E)
    return best_first[:, :, chosen - 1] - best_first[:, :, chosen]  # (L, T, E) -> (L, T)


def _entropies(trace: RoutingTrace) -> np.ndarray:
    if trace.probabilities is None:
        return np.full(trace.expert_ids.shape[:2], np.nan, np.float32)
    likely = np.where(trace.probabilities == 0, 1, trace.probabilities)  # 0 · log 0 counts as 0
    return -(likely * np.log(likely)).sum(axis=2)  # (L, T, E) -> (L, T)


def _candidate_labels(trace: RoutingTrace) -> tuple[tuple[str, ...], ...]:
    if trace.candidate_labels is not None:
        return trace.candidate_labels
    return tuple(tuple(str(token_id) for token_id in row) for row in trace.candidate_ids)
