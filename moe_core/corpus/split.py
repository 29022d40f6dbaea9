"""Which plan, record or story is kept for evaluation: decided by its identity alone, so it never changes sides.

It does not know what is in it.
"""

from __future__ import annotations

import zlib

HELD_OUT_SHARE = 50  # one plan seed, one record in fifty is kept for evaluation


def held_out(kind: str, identity: int | str, share: int = HELD_OUT_SHARE) -> bool:
    """Whether this one belongs to the evaluation split."""
    return zlib.crc32(f"{kind}:{identity}".encode()) % share == 0
