"""How the chosen experts' outputs become one.

Knows nothing of how they were chosen.
"""

from torch import Tensor


def weighted_sum(outputs: Tensor, weights: Tensor) -> Tensor:
    """Σₖ weightₖ · outputₖ (Shazeer et al. 2017, eq. 1): (N, K, D), (N, K) -> (N, D)."""
    return (outputs * weights.to(outputs.dtype).unsqueeze(-1)).sum(1)
