"""What a general compressor makes of a text: xz, alone, and after it has read a training sample.

It knows bytes only.
"""

import lzma

PRESET = 6  # a window of 8 MiB: a longer sample would be forgotten at its beginning
LONGEST_SAMPLE = 7_000_000  # bytes


def bits_per_byte(text: str, sample: str = "") -> float:
    """Compressed bits for every byte of `text`, less what `sample` before it costs by itself."""
    judged, before = text.encode(), sample.encode()[-LONGEST_SAMPLE:]
    if not judged:
        raise ValueError("a text of at least 1 byte is needed, got none")
    alone = _packed(before) if before else 0
    return 8 * (_packed(before + judged) - alone) / len(judged)


def _packed(raw: bytes) -> int:
    """Bytes after compression, without the container's own."""
    filters = [{"id": lzma.FILTER_LZMA2, "preset": PRESET}]
    return len(lzma.compress(raw, format=lzma.FORMAT_RAW, filters=filters))
