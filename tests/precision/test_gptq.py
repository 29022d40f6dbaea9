"""GPTQ makes good in later columns what was lost in earlier ones, and its numbers survive every further rounding."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from moe_core.precision.formats import INTEGER_FORMATS
from moe_core.precision.gptq import gptq
from moe_core.precision.quantise import quantise, restore

SHORT = [INTEGER_FORMATS[name] for name in ("int4", "int2")]


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def lost(matrix: torch.Tensor, rounded: torch.Tensor, inputs: torch.Tensor) -> float:
    """Squared error of what the matrix puts out."""
    return float((inputs @ (matrix - rounded).T).square().sum())


@pytest.mark.parametrize("format", SHORT, ids=lambda format: format.name)
def test_inputs_that_have_nothing_to_do_with_each_other_get_the_nearest_codes(format):
    matrix = drawn(5, 70)
    ours, nearest = gptq(matrix, format, 3.0 * torch.eye(70)), quantise(matrix, format)
    assert torch.equal(ours.codes, nearest.codes)
    assert torch.equal(ours.scales, nearest.scales)


@pytest.mark.parametrize("format", SHORT, ids=lambda format: format.name)
def test_where_inputs_lean_on_each_other_the_output_loses_less(format):
    matrix, inputs = drawn(16, 64), drawn(400, 6, seed=1) @ drawn(6, 64, seed=2) + 0.3 * drawn(400, 64, seed=3)
    ours = restore(gptq(matrix, format, inputs.T @ inputs), 64)
    nearest = restore(quantise(matrix, format), 64)
    assert lost(matrix, ours, inputs) < 0.7 * lost(matrix, nearest, inputs)


def test_two_inputs_that_are_always_the_same_make_each_others_errors_good():
    format = INTEGER_FORMATS["int4"]
    matrix = torch.zeros(1, 32)
    matrix[0, :3] = torch.tensor([7.0, 0.4, 0.4])  # the scale is 1; nearest, both small ones are lost
    products = torch.eye(32)
    products[1, 2] = products[2, 1] = 0.999
    assert quantise(matrix, format).codes[0, 0, :3].tolist() == [7, 0, 0]
    assert gptq(matrix, format, products).codes[0, 0, :3].tolist() == [7, 0, 1]


@given(st.sampled_from(SHORT), st.integers(1, 4), st.integers(1, 70), st.integers(0, 2**31))
def test_what_lies_on_the_grid_stays_there(format, rows, columns, seed):
    inputs = drawn(2 * columns, columns, seed=seed) @ drawn(columns, columns, seed=seed + 1)
    once = restore(gptq(drawn(rows, columns, seed=seed + 2), format, inputs.T @ inputs), columns)
    assert torch.equal(restore(quantise(once, format), columns), once)


def test_a_matrix_that_nothing_was_fed_to_is_rounded_to_nearest():
    matrix = drawn(3, 40)
    made = gptq(matrix, INTEGER_FORMATS["int4"], torch.zeros(40, 40))
    assert torch.equal(made.codes, quantise(matrix, INTEGER_FORMATS["int4"]).codes)


def test_matrices_of_a_stack_do_not_depend_on_each_other():
    format, stack, inputs = INTEGER_FORMATS["int4"], drawn(3, 4, 40), drawn(3, 60, 40, seed=1)
    products = inputs.transpose(1, 2) @ inputs
    together = gptq(stack, format, products)
    for number in range(3):
        alone = gptq(stack[number], format, products[number])
        assert torch.equal(together.codes[number], alone.codes)
        assert torch.equal(together.scales[number], alone.scales)
