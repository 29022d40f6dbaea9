"""One matrix of the model inside an ONNX file, in any storage format: multiplied by, or read row by row.

Knows nothing of what the matrix is for; codes and scales are those of moe_core.precision.quantise.
"""

from typing import NamedTuple

import numpy as np
import torch
from onnx import TensorProto, helper
from torch import Tensor

from moe_core.export.onnx_graph import CONTRIB, FLOAT, Graph
from moe_core.precision.formats import IntegerFormat, storage_format_named
from moe_core.precision.quantise import quantise

FP32_ACTIVATIONS = 1  # MatMulNBits' accuracy_level; at 4 it would round the activations to int8, another model


class Stored(NamedTuple):
    """Where a matrix (rows, columns) lies in the file."""

    numbers: str         # name of its numbers or codes
    scales: str          # name of its scales (rows, groups); "" for a float format
    shape: tuple[int, int]
    format: str


def store(graph: Graph, name: str, matrix: Tensor, format: str) -> Stored:
    """Keep a matrix in its format; whole numbers are packed as MatMulNBits reads them."""
    kind, shape = storage_format_named(format), tuple(matrix.shape)
    if not isinstance(kind, IntegerFormat):
        return Stored(graph.keep(name, _floats(matrix, format)), "", shape, format)
    codes, scales = quantise(matrix, kind)
    return Stored(graph.keep(name, packed(codes.numpy(), kind.bits)),
                  graph.keep(f"{name}.scale", scales.numpy()), shape, format)


def multiply(graph: Graph, rows: str, stored: Stored) -> str:
    """Every row times the matrix, as torch's linear: (n, columns) -> (n, rows of the matrix)."""
    if not stored.scales:
        return graph("Gemm", rows, as_floats(graph, stored), transB=1)
    kind = storage_format_named(stored.format)
    return graph("MatMulNBits", rows, stored.numbers, stored.scales, domain=CONTRIB, K=stored.shape[1],
                 N=stored.shape[0], bits=kind.bits, block_size=kind.group, accuracy_level=FP32_ACTIVATIONS)


def pick_rows(graph: Graph, numbers: str, stored: Stored) -> str:
    """These rows of the matrix in fp32: (n,) -> (n, columns). The same kept numbers serve `multiply`."""
    picked = graph("Gather", stored.numbers, numbers, axis=0)
    if not stored.scales:
        return picked if stored.format == "fp32" else graph("Cast", picked, to=FLOAT)
    kind, columns = storage_format_named(stored.format), stored.shape[1]
    codes = _unpacked(graph, picked, kind)                                           # (n, groups, group)
    scales = graph("Unsqueeze", graph("Gather", stored.scales, numbers, axis=0), graph.ints(2))  # (n, groups, 1)
    rows = graph("Flatten", graph("Mul", codes, scales), axis=1)
    if columns % kind.group:
        rows = graph("Slice", rows, graph.ints(0), graph.ints(columns), graph.ints(1))
    return rows


def as_floats(graph: Graph, stored: Stored) -> str:
    """The matrix of a float format in fp32."""
    return stored.numbers if stored.format == "fp32" else graph("Cast", stored.numbers, to=FLOAT)


def packed(codes: np.ndarray, bits: int) -> np.ndarray:
    """Codes (rows, groups, group) as bytes (rows, groups, group · bits / 8), shifted to be at least 0, lowest first."""
    shifted = (codes.astype(np.int16) + 2 ** (bits - 1)).astype(np.uint8)
    together = shifted.reshape(*codes.shape[:2], -1, 8 // bits)
    return np.bitwise_or.reduce(together << np.arange(0, 8, bits, dtype=np.uint8), axis=-1)


def _unpacked(graph: Graph, picked: str, kind: IntegerFormat) -> str:
    if kind.bits < 8:
        shifts = graph.keep(f"shifts{kind.bits}", np.arange(0, 8, kind.bits, dtype=np.uint8))
        mask = graph.keep(f"mask{kind.bits}", np.array(2**kind.bits - 1, np.uint8))
        apart = graph("BitShift", graph("Unsqueeze", picked, graph.ints(3)), shifts, direction="RIGHT")
        picked = graph("Reshape", graph("BitwiseAnd", apart, mask), graph.ints(0, 0, kind.group))
    return graph("Sub", graph("Cast", picked, to=FLOAT), graph.number(2 ** (kind.bits - 1)))


def _floats(matrix: Tensor, format: str) -> TensorProto | np.ndarray:
    if format == "bf16":
        raw = matrix.bfloat16().contiguous().view(torch.int16).numpy().tobytes()
        return helper.make_tensor("", TensorProto.BFLOAT16, matrix.shape, raw, raw=True)
    return matrix.half().numpy() if format == "fp16" else matrix.float().numpy()

