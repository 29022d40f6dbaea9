"""The arithmetic of another choice: ranking, fusing, dropping; tensors in, tensors out.

It does not know layers, positions or visitors. Where nothing is asked, the router's own choice comes back bit for bit.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from moe_core.model.router import Routing


def ranked(scores: Tensor, chosen: Tensor) -> Tensor:
    """All experts of every token, best first: (N, E), (N, K) -> (N, E) ids.

    On a tie those that the router chose stay ahead: equal scores can never change a choice.
    """
    rest = torch.ones_like(scores, dtype=torch.bool).scatter_(1, chosen, False)
    others = rest.nonzero()[:, 1].view(len(scores), -1)  # (N, E - K), ascending
    candidates = torch.cat([chosen, others], 1)          # (N, E)
    order = scores.gather(1, candidates).argsort(dim=1, descending=True, stable=True)
    return candidates.gather(1, order)


def with_forced(ranking: Tensor, scores: Tensor, forced: Tensor, k: int) -> Tensor:
    """The forced experts (N, E) among the first k, which stay in the order of their scores."""
    first = ranking.gather(1, forced.gather(1, ranking).to(torch.uint8).argsort(dim=1, descending=True, stable=True))
    order = scores.gather(1, first[:, :k]).argsort(dim=1, descending=True, stable=True)
    return torch.cat([first[:, :k].gather(1, order), first[:, k:]], 1)


def swapped(ranking: Tensor, rows: Tensor, k: int) -> Tensor:
    """The first choice and the runner-up (the best expert not chosen) change places in these rows (N,)."""
    other = ranking.clone()
    other[:, 0], other[:, k] = ranking[:, k], ranking[:, 0]
    return torch.where(rows.unsqueeze(1), other, ranking)


def fused(scores: Tensor, fusion: str) -> Tensor:
    """How much each chosen expert counts: (N, k) scores, best first -> (N, k); a score of -inf counts nothing."""
    live = scores > -torch.inf
    if fusion == "uniform":
        return live / live.sum(1, keepdim=True)
    if fusion == "best":
        return F.one_hot(torch.zeros_like(scores[:, 0], dtype=torch.long), scores.shape[1]).to(scores.dtype)
    return scores.softmax(1)


def overfull(expert_ids: Tensor, live: Tensor, experts: int, factor: float) -> Tensor:
    """The slots (N, k) that a full expert refuses: each serves ceil(factor · N · k / E) of the rows that come together.

    First choices are served before second ones, and earlier rows before later ones (GShard 2020, algorithm 1).
    """
    rows, k = expert_ids.shape
    room = math.ceil(factor * rows * k / experts - 1e-9)  # 1.1 · 10 is 11, not 11.000000000000002
    asked = F.one_hot(expert_ids.T.flatten(), experts) * live.T.flatten().unsqueeze(1)  # (k * N, E)
    place = (asked.cumsum(0) * asked).sum(1).view(k, rows).T                            # (N, k): 1 = served first
    return place > room


def without(routing: Routing, off: Tensor) -> Routing:
    """The router's choice when these experts (N, E) are off: the next best step in, weights renormalised."""
    scores = routing.logits.masked_fill(off, -torch.inf)
    expert_ids = ranked(scores, routing.expert_ids)[:, :routing.expert_ids.shape[1]]
    return Routing(routing.logits, expert_ids, scores.gather(1, expert_ids).softmax(1))
