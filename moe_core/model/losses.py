"""What training makes small besides the next-token loss.

Knows nothing of text.
"""

from torch import Tensor

from moe_core.model.router import Routing


def load_shares(routing: Routing) -> Tensor:
    """The share of the routed slots that each expert handles: (E,), sums to 1."""
    counts = routing.expert_ids.flatten().bincount(minlength=routing.logits.shape[-1])
    return counts / counts.sum()


def load_balance(routing: Routing) -> Tensor:
    """E · Σ_e f_e · P_e of one layer (Switch Transformers 2021, eq. 4-6, f counted over all K slots).

    f_e = share of routed slots, P_e = mean probability; its balanced floor is 1, as in Switch.
    """
    probabilities = routing.logits.softmax(-1).mean(0)      # (N, E) -> (E,)
    return len(probabilities) * (load_shares(routing) * probabilities).sum()


def router_z(routing: Routing) -> Tensor:
    """Mean squared log-sum-exp of the router logits (ST-MoE 2022, eq. 5): keeps them small."""
    return routing.logits.logsumexp(-1).square().mean()


def router_loss(routings: list[Routing], balance_weight: float, z_weight: float) -> Tensor:
    """Balance loss and z-loss of every layer, summed, each with its coefficient."""
    balance = sum(load_balance(routing) for routing in routings)
    size = sum(router_z(routing) for routing in routings)
    return balance_weight * balance + z_weight * size


def max_violation(routing: Routing) -> float:
    """MaxVio of one layer: (largest load - mean load) / mean load (Wang et al. 2024, eq. 4); 0 = balanced."""
    shares = load_shares(routing)
    return float(shares.max() * len(shares) - 1)
