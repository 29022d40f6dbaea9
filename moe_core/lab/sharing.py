"""Where the experts of a layer get their matrices from: five ways to share parameters.

Knows nothing of routing. Every bank says which two matrices each of its experts multiplies with.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from moe_core.model.experts import SharedExpert

Matrices = list[tuple[Tensor, Tensor]]  # E of gate_up (2F, D) and down (D, F)
RANK = 4


class Bank(nn.Module):
    """E experts with matrices of their own."""

    def __init__(self, experts: int, width: int, expert_width: int):
        super().__init__()
        self.gate_up = nn.Parameter(torch.empty(experts, 2 * expert_width, width))  # (E, 2F, D)
        self.down = nn.Parameter(torch.empty(experts, width, expert_width))         # (E, D, F)
        self.always: SharedExpert | None = None  # met by every token besides

    def matrices(self) -> Matrices:
        """What each expert multiplies with."""
        return list(zip(self.gate_up.unbind(0), self.down.unbind(0), strict=True))

    def active(self, k: int) -> int:
        """Parameters that one token's k experts multiply with."""
        return k * (self.gate_up[0].numel() + self.down[0].numel())


class WithSharedExpert(Bank):
    """Narrower experts, and one that every token meets (DeepSeekMoE 2024): as many active parameters."""

    def __init__(self, experts: int, width: int, expert_width: int, k: int):
        narrow = max(expert_width * k // (k + 1), 1)
        super().__init__(experts, width, narrow)
        self.always = SharedExpert(width, expert_width * k - narrow * k)

    def active(self, k: int) -> int:
        return super().active(k) + sum(parameter.numel() for parameter in self.always.parameters())


class SharedDown(Bank):
    """One matrix for the way back into the stream, the same for all experts."""

    def __init__(self, experts: int, width: int, expert_width: int):
        super().__init__(experts, width, expert_width)
        self.down = nn.Parameter(torch.empty(1, width, expert_width))               # (1, D, F)

    def matrices(self) -> Matrices:
        return [(own, self.down[0]) for own in self.gate_up.unbind(0)]


class LowRank(Bank):
    """One base for all; each expert differs from it by a product of two thin matrices (as in LoRA, Hu et al. 2021)."""

    def __init__(self, experts: int, width: int, expert_width: int, rank: int = RANK):
        super().__init__(1, width, expert_width)
        self.gate_up_left = nn.Parameter(torch.empty(experts, 2 * expert_width, rank))   # (E, 2F, rank)
        self.gate_up_right = nn.Parameter(torch.empty(experts, rank, width))            # (E, rank, D)
        self.down_left = nn.Parameter(torch.empty(experts, width, rank))                # (E, D, rank)
        self.down_right = nn.Parameter(torch.empty(experts, rank, expert_width))        # (E, rank, F)

    def matrices(self) -> Matrices:
        gate_up = self.gate_up + self.gate_up_left @ self.gate_up_right   # (1, 2F, D) + (E, 2F, D)
        down = self.down + self.down_left @ self.down_right
        return list(zip(gate_up.unbind(0), down.unbind(0), strict=True))

    def active(self, k: int) -> int:
        thin = (self.gate_up_left, self.gate_up_right, self.down_left, self.down_right)
        return super().active(1) + k * sum(part[0].numel() for part in thin)


def banks(name: str, layers: int, experts: int, width: int, expert_width: int, k: int) -> list[Bank]:
    """One bank a layer; `one_bank` is the same one in all of them."""
    make: dict[str, Callable[[], Bank]] = {
        "none": lambda: Bank(experts, width, expert_width),
        "shared_expert": lambda: WithSharedExpert(experts, width, expert_width, k),
        "shared_down": lambda: SharedDown(experts, width, expert_width),
        "low_rank": lambda: LowRank(experts, width, expert_width),
    }
    if name == "one_bank":
        return [Bank(experts, width, expert_width)] * layers
    return [make[name]() for _ in range(layers)]
