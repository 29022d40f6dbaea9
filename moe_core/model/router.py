"""Which experts see which token.

Knows nothing of what the experts compute.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Routing(NamedTuple):
    """What the router decided for every token."""

    logits: Tensor      # (N, E)  raw score of every expert, fp32
    expert_ids: Tensor  # (N, K)  the chosen experts, best first
    weights: Tensor     # (N, K)  how much each chosen expert counts; rows sum to 1


class TopKRouter(nn.Module):
    """Scores all experts with one linear map and keeps the best K (Shazeer et al. 2017, eq. 3-5).

    The score is computed in the format of the router's own parameters: an fp32 router stays
    exact inside an fp16 model and under autocast (selective precision, Switch Transformers 2021, section 2.4).
    """

    def __init__(self, width: int, num_experts: int, experts_per_token: int):
        super().__init__()
        if not 1 <= experts_per_token <= num_experts:
            raise ValueError(f"experts_per_token must lie in 1..{num_experts}, got {experts_per_token}")
        self.experts_per_token = experts_per_token
        self.score = nn.Linear(width, num_experts, bias=False)

    def forward(self, hidden: Tensor) -> Routing:
        """Decide for N tokens at once: hidden (N, D)."""
        logits = self._score(hidden)
        best_logits, expert_ids = logits.topk(self.experts_per_token, -1)  # both (N, K)
        # Softmax over the chosen K equals softmax over all E, renormalised: one step, not three.
        return Routing(logits, expert_ids, best_logits.softmax(-1))

    def _score(self, hidden: Tensor) -> Tensor:
        """fp32 scores of every expert: (N, D) -> (N, E)."""
        if torch.is_autocast_enabled(hidden.device.type):  # asked first: a context would cost every token time
            with torch.autocast(hidden.device.type, enabled=False):
                return self._score(hidden)
        return self.score(hidden.to(self.score.weight.dtype)).float()


def forced(routing: Routing, expert_ids: Tensor) -> Routing:
    """The same scores, but these experts: (N, K) ids; weights are renormalised over them."""
    return Routing(routing.logits, expert_ids, F.softmax(routing.logits.gather(-1, expert_ids), -1))
