"""Root-mean-square normalisation.

Knows nothing of what it normalises.
"""

import torch
from torch import Tensor, nn


class RMSNorm(nn.Module):
    """x / rms(x) · scale (Zhang & Sennrich 2019, eq. 4), computed in fp32 whatever the format of x."""

    def __init__(self, width: int, epsilon: float):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.epsilon = epsilon

    def forward(self, hidden: Tensor) -> Tensor:
        """(…, D) -> the same, in the format of `hidden`."""
        exact = hidden.float()
        normal = exact * torch.rsqrt(exact.square().mean(-1, keepdim=True) + self.epsilon)
        return normal.to(hidden.dtype) * self.weight
