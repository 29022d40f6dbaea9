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
    """Codes of a matrix (..., rows, columns) for inputs X (n, columns) with X^T X = `products` (..., columns, columns).

    Rows do not depend on each other, nor do the matrices of a stack. Where inputs have nothing to do with each other,
    these are the nearest codes.
    """
    left = matrix.detach().float().clone()              # what is still to be rounded, mended so far
    inverse = _inverse_root(products.float())           # (..., columns, columns), upper triangle
    columns, made = left.shape[-1], []
    for first in range(0, columns, format.group):
        last = min(first + format.group, columns)
        group, errors = _group(left[..., first:last], format, inverse[..., first:last, first:last])
        left[..., last:] -= errors @ inverse[..., first:last, last:]
        made.append(group)
    return Quantised(*(torch.cat(groups, dim) for groups, dim in zip(zip(*made, strict=True), (-2, -1), strict=True)))


def _group(left: Tensor, format: IntegerFormat, inverse: Tensor) -> tuple[Quantised, Tensor]:
    """Codes of one group of columns, mended in place column by column, and the errors left to the next groups."""
    scales = quantise(left, format).scales                                  # (..., rows, 1)
    codes, errors = torch.zeros(*left.shape[:-1], 1, format.group, dtype=torch.int8), torch.zeros_like(left)
    for column in range(left.shape[-1]):
        wanted = left[..., column:column + 1]                               # (..., rows, 1)
        code = (wanted / scales).round_().clamp_(-format.highest - 1, format.highest)
        error = (wanted - code * scales) / inverse[..., column, column, None, None]
        left[..., column + 1:] -= error * inverse[..., column, None, column + 1:]
        codes[..., 0, column], errors[..., column] = code[..., 0].to(torch.int8), error[..., 0]
    return Quantised(codes, scales), errors


def _inverse_root(products: Tensor) -> Tensor:
    """The upper Cholesky factor of the inverse."""
    mean = products.diagonal(dim1=-2, dim2=-1).mean(-1)[..., None, None]
    damped = products + torch.eye(products.shape[-1]) * (mean * DAMPING).clamp_min(1e-12)
    return torch.linalg.cholesky(torch.cholesky_inverse(torch.linalg.cholesky(damped)), upper=True)
