"""A what-if becomes a watcher that changes what the routers decide, row by row.

It does not know texts; whoever walks the model passes it along (feed, generate, read_through).
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from moe_core.config import MoEscopeConfig
from moe_core.interventions.choices import END_POSITION, Change, LayerPlan, WhatIf
from moe_core.interventions.reroute import fused, overfull, ranked, swapped, with_forced
from moe_core.model.router import Routing


class Dropped(NamedTuple):
    """A slot that a full expert refused."""

    layer: int
    position: int
    expert: int


class Intervention:
    """One what-if in one walk; make a new one for every walk, because it counts the rows it has seen.

    Row 0 is the END token (position -1), and in cached generation positions go on from call to call. All layers
    give the same number of slots, so that the walk can be recorded; a slot beyond a layer's k has weight 0, and so
    has a slot that was dropped. Capacity counts the rows of one call: the prompt together, new tokens one by one.
    """

    def __init__(self, what_if: WhatIf, config: MoEscopeConfig):
        layers, self.experts, k = config.num_hidden_layers, config.num_experts, config.num_experts_per_tok
        what_if.check(layers, self.experts, k)
        self.plans = [what_if.plan(layer, k) for layer in range(layers)]
        self.slots = max(plan.k for plan in self.plans)
        self.dropped: list[Dropped] = []
        self._seen = [0] * layers

    def __call__(self, layer: int, hidden: Tensor, routing: Routing) -> Routing | None:
        plan, rows = self.plans[layer], len(routing.logits)
        start = self._seen[layer] + END_POSITION
        self._seen[layer] += rows
        if not plan.changes and self.slots == routing.expert_ids.shape[1]:
            return None
        positions = torch.arange(start, start + rows, device=routing.logits.device)  # (N,)
        logits, expert_ids, weights = _choice(plan, positions, routing)
        if plan.capacity is not None:
            weights = self._with_room(layer, start, expert_ids[:, :plan.k], weights)
        return Routing(logits, expert_ids[:, :self.slots], F.pad(weights, (0, self.slots - plan.k)))

    def _with_room(self, layer: int, start: int, expert_ids: Tensor, weights: Tensor) -> Tensor:
        """Weights (N, k) without what full experts refuse, which is noted."""
        refused = overfull(expert_ids, weights > 0, self.experts, self.plans[layer].capacity)
        self.dropped += [Dropped(layer, start + row, int(expert_ids[row, place]))
                         for row, place in refused.nonzero().tolist()]
        return weights.masked_fill(refused, 0)


def _choice(plan: LayerPlan, positions: Tensor, routing: Routing) -> Routing:
    """Logits as they now stand, all experts best first (N, E), and weights of the first k (N, k)."""
    logits = _nudged(routing.logits, plan.changes, positions)
    if plan.temperature != 1:
        logits = logits / plan.temperature
    off, forced = (_marked(logits, name, plan.changes, positions) for name in ("off", "force"))
    scores = logits.masked_fill(off, -torch.inf)
    ranking = ranked(scores, routing.expert_ids)
    if forced.any():
        ranking = with_forced(ranking, scores, forced, plan.k)
    weights = fused(scores.gather(1, ranking[:, :plan.k]), plan.fusion)
    swaps = [_meant(change, positions) for change in plan.changes if change.swap]
    if swaps:
        ranking = swapped(ranking, torch.stack(swaps).any(0), plan.k)
    return Routing(logits, ranking, weights)


def _nudged(logits: Tensor, changes: tuple[Change, ...], positions: Tensor) -> Tensor:
    logits = logits.clone()
    for change in changes:
        for expert, amount in change.nudges:
            logits[_meant(change, positions), expert] += amount
    return logits


def _marked(logits: Tensor, name: str, changes: tuple[Change, ...], positions: Tensor) -> Tensor:
    """Which experts are off or forced for which row: (N, E)."""
    marked = torch.zeros_like(logits, dtype=torch.bool)
    for change in changes:
        for expert in getattr(change, name):
            marked[:, expert] |= _meant(change, positions)
    return marked


def _meant(change: Change, positions: Tensor) -> Tensor:
    """Which rows a change is meant for: (N,)."""
    if change.positions is None:
        return torch.ones_like(positions, dtype=torch.bool)
    return torch.isin(positions, torch.tensor(change.positions, dtype=positions.dtype, device=positions.device))
