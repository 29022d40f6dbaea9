"""What a general compressor makes of a text: xz, alone, and after it has read a training sample.

It knows bytes only.
"""

import lzma
from functools import lru_cache

PRESET = 6  # a window of 8 MiB: a longer sample would be forgotten at its beginning
LONGEST_SAMPLE = 7_000_000  # bytes


def bits_per_byte(text: str, sample: str = "") -> float:
    """Compressed bits for every byte of `text`, less what `sample` before it costs by itself."""
    judged, before = text.encode(), sample.encode()[-LONGEST_SAMPLE:]
    if not judged:
        raise ValueError("a text of at least 1 byte is needed, got none")
    return 8 * (_packed(before + judged) - _alone(before)) / len(judged)


@lru_cache(maxsize=1)
def _alone(sample: bytes) -> int:
    return _packed(sample) if sample else 0


def _packed(raw: bytes) -> int:
    """Bytes after compression, without the container's own."""
    filters = [{"id": lzma.FILTER_LZMA2, "preset": PRESET}]
    return len(lzma.compress(raw, format=lzma.FORMAT_RAW, filters=filters))
