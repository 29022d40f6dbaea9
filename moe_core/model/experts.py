"""A bank of feed-forward experts.

Knows nothing of routing: it is told which expert sees which rows.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def swiglu(hidden: Tensor, gate_up: Tensor, down: Tensor) -> Tensor:
    """down · (silu(gate · x) ⊙ up · x), gate and up stacked in one matrix (Shazeer 2020, eq. 6)."""
    gate, up = F.linear(hidden, gate_up).chunk(2, -1)  # (n, D) -> (n, 2F) -> 2 x (n, F)
    return F.linear(F.silu(gate) * up, down)           # (n, F) -> (n, D)


class SharedExpert(nn.Module):
    """The expert that every token meets (DeepSeekMoE 2024, section 3.2)."""

    def __init__(self, width: int, expert_width: int):
        super().__init__()
        self.gate_up = nn.Parameter(torch.empty(2 * expert_width, width))  # (2F, D)
        self.down = nn.Parameter(torch.empty(width, expert_width))         # (D, F)

    def forward(self, hidden: Tensor) -> Tensor:
        """Every row through the one expert: (n, D) -> (n, D)."""
        return swiglu(hidden, self.gate_up, self.down)


class Experts(nn.Module):
    """E experts of one layer, each with its own matrices."""

    def __init__(self, num_experts: int, width: int, expert_width: int):
        super().__init__()
        self.gate_up = nn.Parameter(torch.empty(num_experts, 2 * expert_width, width))  # (E, 2F, D)
        self.down = nn.Parameter(torch.empty(num_experts, width, expert_width))         # (E, D, F)

    def one(self, expert: int, hidden: Tensor) -> Tensor:
        """What one expert makes of these rows: (n, D) -> (n, D)."""
        return swiglu(hidden, self.gate_up[expert], self.down[expert])

    def forward(self, hidden: Tensor, expert_ids: Tensor) -> Tensor:
        """Each token through its chosen experts: (N, D), (N, K) -> (N, K, D)."""
        if len(hidden) == 1:
            return torch.stack([self.one(expert, hidden) for expert in expert_ids[0].tolist()], 1)
        slots = expert_ids.flatten()                          # (N*K,)
        order = slots.argsort(stable=True)                    # slots of expert 0 first, then of expert 1, ...
        rows = hidden.index_select(0, order // expert_ids.shape[1])
        counts = slots.bincount(minlength=len(self.down)).tolist()
        # unbind once: its backward stacks E gradients, while indexing would fill E full-size zero tensors.
        matrices = zip(rows.split(counts), self.gate_up.unbind(0), self.down.unbind(0), strict=True)
        outputs = torch.cat([swiglu(*three) for three in matrices])             # (N*K, D), by expert
        return outputs.index_select(0, order.argsort()).view(*expert_ids.shape, -1)
