"""Rounding that knows what a matrix will multiply: each column's error is made good in the columns after it.

GPTQ (Frantar et al. 2023, algorithm 1), in the groups and with the scales of moe_core.precision.quantise. It knows
nothing of models.
"""

import torch
from torch import Tensor

from moe_core.precision.formats import IntegerFormat
from moe_core.precision.quantise import Quantised, quantise

DAMPING = 0.01  # of the mean of the diagonal, added to it (section 3.3, step 3)


def gptq(matrix: Tensor, format: IntegerFormat, products: Tensor) -> Quantised:
    """Codes of a matrix (rows, columns) for inputs X (n, columns) with X^T X = `products` (columns, columns).

    Rows do not depend on each other. Where inputs have nothing to do with each other, these are the nearest codes.
    """
    left = matrix.detach().float().clone()              # what is still to be rounded, mended so far
    inverse = _inverse_root(products.float())           # (columns, columns), upper triangle
    rows, columns = left.shape
    groups = range(0, columns, format.group)
    codes = torch.zeros(rows, len(groups), format.group, dtype=torch.int8)
    scales = torch.zeros(rows, len(groups))
    for group, first in enumerate(groups):
        last = min(first + format.group, columns)
        scale = quantise(left[:, first:last], format).scales[:, 0]                           # (rows,)
        errors = torch.zeros(rows, last - first)
        for column in range(first, last):
            code = (left[:, column] / scale).round().clamp(-format.highest - 1, format.highest)
            error = (left[:, column] - code * scale) / inverse[column, column]
            left[:, column + 1:last] -= torch.outer(error, inverse[column, column + 1:last])
            codes[:, group, column - first], errors[:, column - first] = code.to(torch.int8), error
        left[:, last:] -= errors @ inverse[first:last, last:]
        scales[:, group] = scale
    return Quantised(codes, scales)


def _inverse_root(products: Tensor) -> Tensor:
    """The upper Cholesky factor of the inverse."""
    damped = products + torch.eye(len(products)) * (products.diagonal().mean() * DAMPING).clamp_min(1e-12)
    return torch.linalg.cholesky(torch.cholesky_inverse(torch.linalg.cholesky(damped)), upper=True)
