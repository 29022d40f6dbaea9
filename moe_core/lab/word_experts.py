"""The source article's model: E small networks from one word to the next, and a gate that chooses among them.

Knows nothing of how it is trained or scored.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from moe_core.lab.errors import LabError


@dataclass(frozen=True)
class ThousandDials:
    """The article's settings, and the ones it leaves open."""

    experts: int = 10
    k: int = 2                    # experts per word; the article does not say
    gate: bool = True             # False = as the article's code: every expert, all alike
    hidden: int = 500
    epochs: int = 10
    batch: int = 32
    validation: float = 0.1
    learning_rate: float = 1e-3   # Adam's default
    balance: float = 0.01         # weight of the balance loss; 0 lets the gate collapse
    seed: int = 0

    def __post_init__(self):
        allowed = {"experts": (1, 16), "k": (1, self.experts), "hidden": (1, 500), "epochs": (1, 50), "batch": (1, 512),
                   "validation": (0.0, 0.5), "learning_rate": (1e-6, 100.0), "balance": (0.0, 10.0),
                   "seed": (0, 2**32 - 1)}
        for name, (low, high) in allowed.items():
            if not low <= getattr(self, name) <= high:
                raise LabError("dial", name=name, allowed=f"{low:g}..{high:g}", value=getattr(self, name))


class Spoken(NamedTuple):
    """What the experts say of some words."""

    log_probabilities: Tensor     # (n, V) of the next word, mixed
    gates: Tensor                 # (n, E) softmax over all experts
    chosen: Tensor                # (n, K)


class WordExperts(nn.Module):
    """E two-layer networks from a word to the next one, and a gate that chooses among them."""

    def __init__(self, words: int, dials: ThousandDials):
        super().__init__()
        self.dials = dials
        count, hidden = dials.experts, dials.hidden
        # A one-hot row times a matrix is one row of it: the first layer is looked up, not multiplied.
        self.first = nn.ParameterList(_uniform(words, hidden) for _ in range(count))   # E of (V, F)
        self.second = nn.ParameterList(_uniform(words, hidden) for _ in range(count))  # E of (V, F)
        self.first_bias = nn.Parameter(torch.zeros(count, hidden))                     # (E, F)
        self.second_bias = nn.Parameter(torch.zeros(count, words))                     # (E, V)
        self.gate = nn.Parameter(torch.randn(words, count) * 0.1)                      # (V, E)

    def forward(self, words: Tensor) -> Spoken:
        """words (n,) -> the mixed prediction of the next word."""
        gates = F.embedding(words, self.gate).softmax(-1)                    # (n, E)
        weights, chosen = self._choose(gates)                                # both (n, K)
        mixed = torch.zeros(len(words), len(self.gate))                      # (n, V)
        for expert in range(self.dials.experts):
            rows, slots = (chosen == expert).nonzero(as_tuple=True)
            if len(rows):
                spoken = self._one(expert, words[rows]).softmax(-1)
                mixed = mixed.index_add(0, rows, spoken * weights[rows, slots, None])
        return Spoken(mixed.clamp_min(1e-30).log(), gates, chosen)

    def vectors(self, words: Tensor) -> Tensor:
        """What stands for each word inside: the hidden layers of its chosen experts, mixed by their weights, (n, F)."""
        weights, chosen = self._choose(F.embedding(words, self.gate).softmax(-1))
        mixed = torch.zeros(len(words), self.dials.hidden)
        for expert in range(self.dials.experts):
            rows, slots = (chosen == expert).nonzero(as_tuple=True)
            mixed = mixed.index_add(0, rows, self._hidden(expert, words[rows]) * weights[rows, slots, None])
        return mixed

    def balance(self, spoken: Spoken) -> Tensor:
        """E · Σ_e f_e · P_e (Switch Transformers 2021, eq. 4); 1 when even."""
        shares = spoken.chosen.flatten().bincount(minlength=self.dials.experts) / spoken.chosen.numel()
        return self.dials.experts * (shares * spoken.gates.mean(0)).sum()

    def forget_gradients(self, words: Tensor) -> None:
        """As zero_grad after a step on these words, but the tables keep theirs: only these rows are cleared."""
        tables = {id(table): table for table in self.first}
        for parameter in self.parameters():
            if id(parameter) not in tables:
                parameter.grad = None
            elif parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            else:
                parameter.grad[words] = 0

    def _choose(self, gates: Tensor) -> tuple[Tensor, Tensor]:
        if not self.dials.gate:
            everyone = torch.arange(self.dials.experts).expand(len(gates), -1)
            return torch.full(everyone.shape, 1 / self.dials.experts), everyone
        best, chosen = gates.topk(self.dials.k, -1)
        return best / best.sum(-1, keepdim=True), chosen

    def _hidden(self, expert: int, words: Tensor) -> Tensor:
        return F.relu(_Rows.apply(self.first[expert], words) + self.first_bias[expert])  # (n,) -> (n, F)

    def _one(self, expert: int, words: Tensor) -> Tensor:
        """Scores of the next word by one expert: (n,) -> (n, V)."""
        return F.linear(self._hidden(expert, words), self.second[expert], self.second_bias[expert])


class _Rows(torch.autograd.Function):
    """table[words]; its gradient is added to table.grad in place: one of full size would cost a third of a step."""

    @staticmethod
    def forward(ctx, table: Tensor, words: Tensor) -> Tensor:
        ctx.table, ctx.words = table, words
        return table[words]

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[None, None]:
        if ctx.table.grad is None:
            ctx.table.grad = torch.zeros_like(ctx.table)
        ctx.table.grad.index_add_(0, ctx.words, gradient)
        return None, None


def _uniform(rows: int, columns: int) -> nn.Parameter:
    """Glorot's bound, the default of the article's library (Glorot & Bengio 2010, eq. 16)."""
    bound = (6 / (rows + columns)) ** 0.5
    return nn.Parameter(torch.empty(rows, columns).uniform_(-bound, bound))
