"""Which format for which part: the least summed cost under a budget, by integer programming or greedily.

Two tables of numbers in, one choice a part out. It does not know what costs and sizes mean.
"""

import numpy as np

NO_BUDGET_HELPS = "a budget of {budget:,.0f} bytes is impossible: the smallest that is possible is {least:,.0f} bytes"


class BudgetError(ValueError):
    """A budget below the smallest possible size, which it carries."""

    def __init__(self, budget: float, least: float):
        super().__init__(NO_BUDGET_HELPS.format(budget=budget, least=least))
        self.least = least


def best(cost: np.ndarray, size: np.ndarray, budget: float) -> np.ndarray:
    """The choice (P,) of one column a row with the least summed cost whose summed size keeps the budget.

    cost and size: (P, F). Solved exactly up to HiGHS' gap of 1e-4 (scipy.optimize.milp); never worse than greedy,
    because the better of the two is returned.
    """
    start = greedy(cost, size, budget)
    above = total(cost, start) - float(cost.min(1).sum())
    if above <= 0:
        return start  # nothing can cost less
    found = _program(cost, size, budget, above)
    return start if found is None or total(cost, found) > total(cost, start) else found


def greedy(cost: np.ndarray, size: np.ndarray, budget: float) -> np.ndarray:
    """From the smallest choice upward: each time the step that saves the most cost for its bytes, while it fits."""
    _check(cost, size, budget)
    rows = np.arange(len(cost))
    chosen = np.lexsort((cost, size), axis=1)[:, 0]
    room = budget - total(size, chosen)
    while True:
        saved = cost[rows, chosen][:, None] - cost
        more = size - size[rows, chosen][:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            gain = np.where((saved > 0) & (more <= room), np.where(more > 0, saved / more, np.inf), -np.inf)
        part, format = np.unravel_index(gain.argmax(), gain.shape)
        if gain[part, format] == -np.inf:
            return chosen
        room -= more[part, format]
        chosen[part] = format


def total(table: np.ndarray, chosen: np.ndarray) -> float:
    """The sum of a table over a choice."""
    return float(table[np.arange(len(table)), chosen].sum())


def least(size: np.ndarray) -> float:
    """The smallest size that any choice has."""
    return float(size.min(1).sum())


def _check(cost: np.ndarray, size: np.ndarray, budget: float) -> None:
    if cost.shape != size.shape or cost.ndim != 2 or not cost.size:
        raise ValueError(f"cost and size must be tables of one shape, got {cost.shape} and {size.shape}")
    if not (np.isfinite(cost).all() and np.isfinite(size).all()):
        raise ValueError("cost and size must be finite numbers")
    if not budget >= least(size):
        raise BudgetError(budget, least(size))


def _program(cost: np.ndarray, size: np.ndarray, budget: float, above: float) -> np.ndarray | None:
    """Solved with costs around 1,000 and sizes as shares of the budget, so that HiGHS' tolerances mean something."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array

    parts, formats = cost.shape
    one_each = csr_array((np.ones(cost.size), (np.repeat(np.arange(parts), formats), np.arange(cost.size))))
    relative = cost.ravel() - np.repeat(cost.min(1), formats)  # what is paid anyway only hides the rest
    for slack in (0.0, 1e-5):  # rounding to whole numbers may step over the edge by a hair
        solution = milp(relative * (1000 / above), integrality=np.ones(cost.size), bounds=Bounds(0, 1),
                        constraints=[LinearConstraint(one_each, 1, 1),
                                     LinearConstraint(size.ravel()[None] / budget, -np.inf, 1 - slack)],
                        options={"time_limit": 10})
        if solution.x is not None:
            chosen = solution.x.reshape(parts, formats).argmax(1)
            if total(size, chosen) <= budget:
                return chosen
    return None
