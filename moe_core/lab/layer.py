"""Selection, sharing and fusion put together: one layer of experts of the laboratory's model.

Knows nothing of attention or of words.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from moe_core.lab.fusion import fused
from moe_core.lab.selection import Choice, Selection, limited
from moe_core.lab.sharing import Bank
from moe_core.model.experts import swiglu

ROUND = 128  # rows


class Slots(NamedTuple):
    """What the experts made of their tokens, before it is fused; one row for every routed slot, expert by expert."""

    outputs: Tensor  # (n, D)
    rows: Tensor     # (n,) which token
    weights: Tensor  # (n,) how much it counts
    always: Tensor | None  # (N, D) what the expert that all tokens meet adds


class LabLayer(nn.Module):
    """Every token through the experts chosen for it."""

    def __init__(self, selection: Selection, bank: Bank, fusion: str = "weighted", capacity: float = 0.0):
        super().__init__()
        self.selection, self.bank, self.fusion, self.capacity = selection, bank, fusion, capacity
        self.register_buffer("expert_losses", torch.zeros(selection.experts))  # nats, for fusion by performance
        self.forced: int | None = None   # an expert that sees every token alone, to find out what it is worth
        self.choice: Choice | None = None  # the latest decision
        self.dropped = 0.0                 # share of routed slots that found no room

    def slots(self, hidden: Tensor, token_ids: Tensor) -> Slots:
        """Route, and let each expert compute its tokens: hidden (N, D), token_ids (N,)."""
        choice = self._decide(hidden, token_ids)
        weights = choice.weights if self.forced is not None else fused(self.fusion, choice, self.expert_losses)
        experts, rows = choice.chosen.T.nonzero(as_tuple=True)     # sorted by expert
        parts = hidden.index_select(0, rows).split(choice.chosen.sum(0).tolist())
        outputs = [_computed(part, *matrices) for part, matrices in zip(parts, self.bank.matrices(), strict=True)]
        always = self.bank.always(hidden) if self.bank.always is not None else None
        return Slots(torch.cat(outputs), rows, weights[rows, experts].to(hidden.dtype), always)

    def forward(self, hidden: Tensor, token_ids: Tensor) -> Tensor:
        """(N, D), (N,) -> (N, D)."""
        outputs, rows, weights, always = self.slots(hidden, token_ids)
        combined = torch.zeros_like(hidden).index_add(0, rows, outputs * weights.unsqueeze(1))
        return combined if always is None else combined + always

    def _decide(self, hidden: Tensor, token_ids: Tensor) -> Choice:
        if self.forced is not None:
            return _only(self.forced, len(hidden), self.selection.experts, hidden)
        choice = self.selection(hidden, token_ids)
        if self.capacity:
            wanted, choice = choice.chosen.sum(), limited(choice, self.capacity)
            self.dropped = 1 - float(choice.chosen.sum() / wanted.clamp_min(1))
        self.choice = choice
        return choice


def _computed(rows: Tensor, gate_up: Tensor, down: Tensor) -> Tensor:
    """One expert; in short formats with empty rows up to a round number, as every new shape is compiled anew there."""
    if rows.dtype == torch.float32 or rows.dtype == torch.float64:
        return swiglu(rows, gate_up, down)
    return swiglu(F.pad(rows, (0, 0, 0, -len(rows) % ROUND)), gate_up, down)[:len(rows)]


def _only(expert: int, tokens: int, experts: int, like: Tensor) -> Choice:
    chosen = torch.zeros(tokens, experts, dtype=torch.bool)
    chosen[:, expert] = True
    return Choice(chosen.to(like.dtype), chosen.to(like.dtype), chosen, chosen.to(like.dtype))
