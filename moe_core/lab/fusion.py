"""How much each chosen expert counts, and how their outputs become one: five ways.

Knows nothing of how the experts were chosen. Products are taken where predictions are made: see LabModel.
"""

import torch
from torch import Tensor

from moe_core.lab.selection import Choice

SHARPNESS = 4.0  # per nat: an expert that is 0.25 nats better counts e times as much


def fused(name: str, choice: Choice, losses: Tensor | None = None) -> Tensor:
    """The weights (N, E) that this way of fusion gives; `losses` (E,) are the experts' validation losses."""
    if name == "uniform":
        return choice.chosen.to(choice.weights.dtype) / choice.chosen.sum(-1, keepdim=True).clamp_min(1)
    if name == "best":  # its gate goes along, or the router would never learn (Switch Transformers 2021, eq. 2)
        gates = choice.gates * choice.chosen
        return gates * torch.zeros_like(choice.chosen).scatter_(1, gates.argmax(-1, keepdim=True), True)
    if name == "performance":
        merit = torch.zeros(choice.chosen.shape[1]) if losses is None else -SHARPNESS * losses
        worth = (merit - merit.max()).exp().to(choice.weights.dtype) * choice.chosen
        return worth / worth.sum(-1, keepdim=True).clamp_min(1e-9)
    return choice.weights  # weighted; and product, whose exponents these are


def product(log_probabilities: Tensor, rows: Tensor, weights: Tensor, alone: Tensor) -> Tensor:
    """Π_e p_e^w_e, renormalised (Hinton 2002, eq. 1; here with exponents): the log of it, (N, V).

    log_probabilities (n, V), one row for every routed slot, of token `rows` (n,) with exponent `weights` (n,);
    `alone` (N, V) is what a token without any expert predicts.
    """
    total = torch.zeros(len(alone)).index_add(0, rows, weights.float()).unsqueeze(1)
    summed = torch.zeros_like(alone).index_add(0, rows, log_probabilities * weights.unsqueeze(1).float())
    return torch.where(total > 0, summed, alone).log_softmax(-1)
