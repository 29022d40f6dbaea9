"""The optimiser keeps the budget, is never worse than greedy, and on a small table is as good as trying everything."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moe_core.precision.optimise import BudgetError, best, greedy, least, total

SIZES = st.integers(1, 12)  # small, so that many choices just miss the budget
SOME_PARTS, SOME_FORMATS, THREE = st.integers(1, 12), st.integers(1, 5), st.just(3)
COSTS = st.floats(0, 1e3, allow_nan=False).filter(lambda cost: cost == 0 or cost > 1e-6)


@st.composite
def tables(draw, parts=SOME_PARTS, formats=SOME_FORMATS):
    """cost, size and a budget that is possible."""
    shape = draw(parts), draw(formats)
    cells = shape[0] * shape[1]
    cost = np.array(draw(st.lists(COSTS, min_size=cells, max_size=cells))).reshape(shape)
    size = np.array(draw(st.lists(SIZES, min_size=cells, max_size=cells)), float).reshape(shape)
    spare = draw(st.floats(0, 1)) * (size.max(1).sum() - least(size))
    return cost, size, least(size) + spare


def tried_all(cost: np.ndarray, size: np.ndarray, budget: float) -> float:
    """The least cost of any choice that keeps the budget."""
    rows = np.arange(len(cost))
    choices = (list(choice) for choice in product(range(cost.shape[1]), repeat=len(cost)))
    return min(cost[rows, choice].sum() for choice in choices if size[rows, choice].sum() <= budget)


@given(tables())
def test_the_budget_is_always_kept(table):
    cost, size, budget = table
    for solve in (best, greedy):
        assert total(size, solve(cost, size, budget)) <= budget


@given(tables())
def test_the_program_is_never_worse_than_greedy(table):
    cost, size, budget = table
    assert total(cost, best(cost, size, budget)) <= total(cost, greedy(cost, size, budget)) * 1.05


@given(tables(parts=THREE, formats=THREE))
def test_three_parts_in_three_formats_are_as_good_as_trying_everything(table):
    cost, size, budget = table
    assert total(cost, best(cost, size, budget)) == pytest.approx(tried_all(cost, size, budget), rel=1e-3, abs=1e-6)


def test_by_hand_greedy_is_trapped_and_the_program_is_not():
    cost = np.array([[9.0, 0.0], [10.0, 0.0]])   # saving 9 for 6 bytes beats saving 10 for 7 at first sight,
    size = np.array([[1.0, 7.0], [1.0, 8.0]])    # but only one of them fits, and 10 is more
    assert greedy(cost, size, 9).tolist() == [1, 0]
    assert best(cost, size, 9).tolist() == [0, 1]


def test_an_impossible_budget_names_the_smallest_that_is_possible():
    with pytest.raises(BudgetError, match=r"budget of 4 bytes is impossible: the smallest that is possible is 5 bytes"):
        best(np.zeros((2, 2)), np.array([[2.0, 9.0], [3.0, 9.0]]), 4)


def test_numbers_that_are_none_are_refused():
    with pytest.raises(ValueError, match="finite"):
        best(np.array([[np.nan]]), np.array([[1.0]]), 4)


def test_costs_as_small_as_real_sensitivities_are_told_apart():
    cost = np.array([[2e-9, 1e-9, 0.0], [5e-9, 5e-10, 0.0]])
    size = np.array([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]])
    assert best(cost, size, 4).tolist() == [1, 1]
