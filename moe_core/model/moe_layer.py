"""Router + experts + combine: the layer that makes the model a Mixture of Experts.

Knows nothing of attention or of words.
"""

from torch import Tensor, nn

from moe_core.model.combine import weighted_sum
from moe_core.model.experts import Experts, SharedExpert
from moe_core.model.router import TopKRouter


class MoELayer(nn.Module):
    """Every token meets its K routed experts and, where there is one, the shared expert."""

    def __init__(self, width: int, num_experts: int, experts_per_token: int, expert_width: int, shared_width: int = 0):
        super().__init__()
        self.router = TopKRouter(width, num_experts, experts_per_token)
        self.experts = Experts(num_experts, width, expert_width)
        self.shared = SharedExpert(width, shared_width) if shared_width else None

    def forward(self, hidden: Tensor) -> Tensor:
        """(B, T, D), or any other shape that ends in D -> the same."""
        tokens = hidden.reshape(-1, hidden.shape[-1])             # (B, T, D) -> (N, D)
        routing = self.router(tokens)
        outputs = self.experts(tokens, routing.expert_ids)        # (N, D) -> (N, K, D)
        combined = weighted_sum(outputs, routing.weights)         # (N, K, D) -> (N, D)
        if self.shared is not None:
            combined = combined + self.shared(tokens)
        return combined.view_as(hidden)
