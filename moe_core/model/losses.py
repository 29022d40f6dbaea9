"""What training makes small besides the next-token loss.

Knows nothing of text.
"""

from torch import Tensor

from moe_core.model.router import Routing


def load_shares(routing: Routing) -> Tensor:
    """The share of the routed slots that each expert handles: (E,), sums to 1."""
    counts = load_counts(routing)
    return counts / counts.sum()


def load_counts(routing: Routing) -> Tensor:
    """How many of the routed slots each expert handles: (E,)"""
    return routing.expert_ids.flatten().bincount(minlength=routing.logits.shape[-1])


def load_balance(routing: Routing, shares: Tensor | None = None) -> Tensor:
    """E · Σ_e f_e · P_e of one layer (Switch Transformers 2021, eq. 4-6, f counted over all K slots).

    f_e = share of routed slots, P_e = mean probability; its balanced floor is 1, as in Switch. `shares` (E,) are
    given where more tokens count than these: those of all processes of one run.
    """
    probabilities = routing.logits.softmax(-1).mean(0)      # (N, E) -> (E,)
    shares = load_shares(routing) if shares is None else shares
    return len(probabilities) * (shares * probabilities).sum()


def router_z(routing: Routing) -> Tensor:
    """Mean squared log-sum-exp of the router logits (ST-MoE 2022, eq. 5): keeps them small."""
    return routing.logits.logsumexp(-1).square().mean()


def router_loss(routings: list[Routing], balance_weight: float, z_weight: float,
                shares: list[Tensor] | None = None) -> Tensor:
    """Balance loss and z-loss of every layer, summed, each with its coefficient; `shares` as in load_balance."""
    given = shares or [None] * len(routings)
    balance = sum(load_balance(routing, share) for routing, share in zip(routings, given, strict=True))
    size = sum(router_z(routing) for routing in routings)
    return balance_weight * balance + z_weight * size


def max_violation(routing: Routing) -> float:
    """MaxVio of one layer: (largest load - mean load) / mean load (Wang et al. 2024, eq. 4); 0 = balanced."""
    shares = load_shares(routing)
    return float(shares.max() * len(shares) - 1)
