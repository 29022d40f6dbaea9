"""Whole-number codes as the bytes that C, llama.cpp and everybody else read.

It knows neither files nor models.
"""

import numpy as np


def packed_codes(codes: np.ndarray, bits: int) -> np.ndarray:
    """Codes (rows, groups, 32) as bytes (rows, groups, 4 x bits).

    8 bits stay signed; shorter codes become positive, and share i of a group's numbers lies in bits
    i x bits and up of each of its bytes: what llama.cpp does in its Q4_0.
    """
    if bits == 8:
        return codes.view(np.uint8)
    positive = (codes + 2 ** (bits - 1)).astype(np.uint8)
    shares = positive.reshape(*positive.shape[:2], 8 // bits, -1)  # (rows, groups, 2, 16) or (rows, groups, 4, 8)
    shifts = np.arange(8 // bits, dtype=np.uint8).reshape(-1, 1) * bits
    return np.bitwise_or.reduce(shares << shifts, axis=2).astype(np.uint8)
