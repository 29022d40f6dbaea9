"""A matrix as whole numbers with scales, and back.

Knows nothing of models; every exporter writes exactly these codes and scales.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from moe_core.precision.formats import Format, IntegerFormat, storage_format_named

SMALLEST_SCALE = 2.0**-24              # the smallest fp16 number above 0
SHRINKS = (0.95, 0.9, 0.85, 0.8, 0.75, 0.7)  # of the scale: clipping the widest may spare all the others


class Quantised(NamedTuple):
    """number = code x scale of its group."""

    codes: Tensor   # (..., rows, groups, group) int8; the last group of a row is filled up with zeros
    scales: Tensor  # (..., rows, groups) fp32, each an fp16 number


def quantise(matrix: Tensor, format: IntegerFormat) -> Quantised:
    """Nearest codes under the scale, among a few, that leaves the smallest squared error: (..., rows, columns).

    Numbers that lie on such a grid already (short formats: whatever their codes were) come back unchanged.
    """
    groups = _grouped(matrix, format.group)                                  # (..., rows, groups, group)
    widest = groups.abs().amax(-1, keepdim=True)                             # (..., rows, groups, 1)
    best = Quantised(*_rounded_under(groups, widest / format.highest, format))
    error = _error(groups, best)
    for steps in _steps(format):
        tried = Quantised(*_rounded_under(groups, widest / steps, format))
        tried_error = _error(groups, tried)
        better = tried_error < error                                         # (..., rows, groups)
        best = Quantised(torch.where(better.unsqueeze(-1), tried.codes, best.codes),
                         torch.where(better, tried.scales, best.scales))
        error = torch.minimum(error, tried_error)
    return best


def restore(quantised: Quantised, columns: int) -> Tensor:
    """The numbers that the codes stand for: (..., rows, columns) fp32."""
    numbers = quantised.codes.float() * quantised.scales.unsqueeze(-1)       # (..., rows, groups, group)
    return numbers.flatten(-2)[..., :columns]


def rounded(matrix: Tensor, format: str) -> Tensor:
    """What a matrix (rows, columns) is after it was kept in the format: fp32 again."""
    kind = storage_format_named(format)
    if isinstance(kind, Format):
        return matrix.to(getattr(torch, kind.torch_name)).to(matrix.dtype)
    return restore(quantise(matrix, kind), matrix.shape[1]).to(matrix.dtype)


def _steps(format: IntegerFormat) -> list[float]:
    """How many steps of the scale the widest number may be away from 0, besides the usual `highest`.

    More than that clips it. Less only fits numbers that lie on a grid, and whose group has no highest code.
    """
    if format.bits >= 8:
        return []
    return [format.highest / shrink for shrink in SHRINKS] + [
        float(steps) for steps in range(1, format.highest + 2) if steps != format.highest]


def _grouped(matrix: Tensor, group: int) -> Tensor:
    filled = F.pad(matrix.float(), (0, -matrix.shape[-1] % group))
    return filled.unflatten(-1, (-1, group))


def _rounded_under(groups: Tensor, scales: Tensor, format: IntegerFormat) -> tuple[Tensor, Tensor]:
    scales = scales.half().float().clamp_min(SMALLEST_SCALE)
    codes = (groups / scales).round().clamp(-format.highest - 1, format.highest)
    return codes.to(torch.int8), scales.squeeze(-1)


def _error(groups: Tensor, quantised: Quantised) -> Tensor:
    return (quantised.codes * quantised.scales.unsqueeze(-1) - groups).square().sum(-1)  # (..., rows, groups)
