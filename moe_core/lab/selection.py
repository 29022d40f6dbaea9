"""Which experts see which token: six ways to choose, one result.

Knows nothing of what the experts compute. Decisions are masks (N, E), so that a token may meet any number of experts.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

BIAS_STEP = 0.01  # how far the loss-free bias moves per step; the paper's 0.001 is for runs of 100,000 steps


class Choice(NamedTuple):
    """What was decided for every token."""

    logits: Tensor   # (N, E) raw scores, noise included
    gates: Tensor    # (N, E) scores as numbers from 0 to 1
    chosen: Tensor   # (N, E) bool: this expert computes this token
    weights: Tensor  # (N, E) how much it counts; 0 where it is not chosen


class Selection(nn.Module):
    """What all ways share: a linear score per expert, and no opinion on balance."""

    balanced_by_loss = True  # False: has its own way to an even load, so the balance loss is left out

    def __init__(self, width: int, experts: int, k: int):
        super().__init__()
        if not 1 <= k <= experts:
            raise ValueError(f"k must lie in 1..{experts}, got {k}")
        self.experts, self.k = experts, k
        self.score = nn.Linear(width, experts, bias=False)
        self.noise = 0.0  # standard deviation of what is added to the scores in training

    def logits(self, hidden: Tensor) -> Tensor:
        """Scores in the format of the router's own parameters: (N, D) -> (N, E)."""
        scores = self.score(hidden.to(self.score.weight.dtype))
        if self.training and self.noise:
            scores = scores + self.noise * torch.randn_like(scores)
        return scores

    def forward(self, hidden: Tensor, token_ids: Tensor) -> Choice:
        """Decide for N tokens at once: hidden (N, D), token_ids (N,)."""
        raise NotImplementedError

    def after_step(self, choice: Choice) -> None:
        """Called once after every optimiser step."""


class SoftmaxTopK(Selection):
    """The k best-scoring experts, weights by softmax over them (Shazeer et al. 2017, eq. 3-5)."""

    def forward(self, hidden: Tensor, token_ids: Tensor) -> Choice:
        logits = self.logits(hidden)
        chosen = best(logits, self.k)
        return Choice(logits, logits.softmax(-1), chosen, logits.masked_fill(~chosen, -torch.inf).softmax(-1))


class NoisyTopK(SoftmaxTopK):
    """The same, with noise whose size the router learns for every token and expert (Shazeer et al. 2017, eq. 4)."""

    def __init__(self, width: int, experts: int, k: int):
        super().__init__(width, experts, k)
        self.spread = nn.Linear(width, experts, bias=False)

    def logits(self, hidden: Tensor) -> Tensor:
        hidden = hidden.to(self.score.weight.dtype)
        scores = self.score(hidden)
        if self.training:
            scores = scores + torch.randn_like(scores) * F.softplus(self.spread(hidden)) * (self.noise or 1.0)
        return scores


class LossFree(Selection):
    """Sigmoid scores; a bias that only helps to choose moves against the load after every step (Wang et al. 2024)."""

    balanced_by_loss = False

    def __init__(self, width: int, experts: int, k: int):
        super().__init__(width, experts, k)
        self.register_buffer("bias", torch.zeros(experts))

    def forward(self, hidden: Tensor, token_ids: Tensor) -> Choice:
        logits = self.logits(hidden)
        gates = logits.sigmoid()
        chosen = best(gates + self.bias.to(gates.dtype), self.k)
        kept = gates * chosen
        return Choice(logits, gates, chosen, kept / kept.sum(-1, keepdim=True))

    @torch.no_grad()
    def after_step(self, choice: Choice) -> None:
        load = choice.chosen.float().mean(0)
        self.bias += BIAS_STEP * (load.mean() - load).sign()


class ExpertChoice(Selection):
    """Every expert takes its best k·N/E tokens (Zhou et al. 2022): an even load, but it looks at the whole batch."""

    balanced_by_loss = False

    def forward(self, hidden: Tensor, token_ids: Tensor) -> Choice:
        logits = self.logits(hidden)
        gates = logits.softmax(-1)
        room = min(len(hidden), -(-self.k * len(hidden) // self.experts))  # rounded up
        chosen = best(gates.T, room).T
        return Choice(logits, gates, chosen, gates * chosen)


class Hash(Selection):
    """A token's id alone decides (Roller et al. 2021): a table, dealt so that the experts get equal shares."""

    balanced_by_loss = False

    def __init__(self, width: int, experts: int, k: int):
        super().__init__(width, experts, k)
        self.score.weight.requires_grad_(False).zero_()
        self.register_buffer("table", torch.zeros(0, dtype=torch.long))

    def deal(self, counts: Tensor) -> None:
        """Make the table: the most frequent id first, each to the expert that has least so far; counts (V,)."""
        load, table = [0] * self.experts, [0] * len(counts)
        for token in counts.argsort(descending=True, stable=True).tolist():
            table[token] = load.index(min(load))
            load[table[token]] += max(int(counts[token]), 1)
        self.table = torch.tensor(table)

    def forward(self, hidden: Tensor, token_ids: Tensor) -> Choice:
        steps = torch.arange(self.k) * max(self.experts // self.k, 1)
        experts = (self.table[token_ids].unsqueeze(1) + steps) % self.experts        # (N, K)
        chosen = torch.zeros(len(hidden), self.experts, dtype=torch.bool).scatter_(1, experts, True)
        first = F.one_hot(experts[:, 0], self.experts).to(hidden.dtype)
        return Choice(self.logits(hidden), first, chosen, chosen.to(hidden.dtype) / self.k)


class ByPerformance(SoftmaxTopK):
    """Softmax top-k whose router learns only from hindsight: towards the expert that had the lowest loss."""

    def forward(self, hidden: Tensor, token_ids: Tensor) -> Choice:
        choice = super().forward(hidden.detach(), token_ids)
        return choice._replace(weights=choice.weights.detach(), gates=choice.gates.detach())


SELECTIONS = {"softmax": SoftmaxTopK, "noisy": NoisyTopK, "loss_free": LossFree, "expert_choice": ExpertChoice,
              "hash": Hash, "performance": ByPerformance}


def best(scores: Tensor, count: int) -> Tensor:
    """A mask of the `count` best in every row."""
    return torch.zeros_like(scores, dtype=torch.bool).scatter_(-1, scores.topk(count, -1).indices, True)


def limited(choice: Choice, capacity: float) -> Choice:
    """Every expert keeps its first capacity · slots / E tokens and drops the rest (Switch Transformers 2021, eq. 3)."""
    experts = choice.chosen.shape[1]
    room = -(-int(choice.chosen.sum()) * capacity // experts)
    kept = choice.chosen & (choice.chosen.cumsum(0) <= room)
    return choice._replace(chosen=kept, weights=choice.weights * kept)


def balance(choice: Choice) -> Tensor:
    """E · Σ_e f_e · P_e (Switch Transformers 2021, eq. 4); 1 when even."""
    return len(choice.gates[0]) * (load(choice) * choice.logits.float().softmax(-1).mean(0)).sum()


def router_z(choice: Choice) -> Tensor:
    """Mean squared log-sum-exp of the scores (ST-MoE 2022, eq. 5)."""
    return choice.logits.float().logsumexp(-1).square().mean()


def load(choice: Choice) -> Tensor:
    """The share of the routed slots that each expert handles: (E,)."""
    counts = choice.chosen.sum(0).float()
    return counts / counts.sum().clamp_min(1)
