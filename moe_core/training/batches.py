"""Documents as one stream of tokens on disk, and the batch that belongs to every step.

A batch is a function of (stream, seed, step) alone, so that a resumed run reads what an uninterrupted one would.
"""

import random
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from moe_core.tokenizer import Tokenizer

TOKEN = np.uint16
AT_ONCE = 2000  # documents encoded in one go


def write_stream(path: str | Path, tokenizer: Tokenizer, documents: list[str], seed: int = 0) -> None:
    """Pack the shuffled documents into one file: END, document, END, document, ..., END."""
    if tokenizer.vocab_size > np.iinfo(TOKEN).max + 1:
        raise ValueError(f"vocab_size must lie in 1..65536 to fit a token file, got {tokenizer.vocab_size}")
    shuffled = random.Random(seed).sample(documents, len(documents))
    with Path(path).open("wb") as stream:
        stream.write(TOKEN(tokenizer.end_id).tobytes())
        for start in range(0, len(shuffled), AT_ONCE):
            for ids in tokenizer.encode_all(shuffled[start : start + AT_ONCE]):
                stream.write(np.array([*ids, tokenizer.end_id], dtype=TOKEN).tobytes())


class TokenStream:
    """A token file, read in windows of T + 1 tokens: T to read and each one's next to foretell."""

    def __init__(self, path: str | Path, length: int):
        self.tokens = np.memmap(path, dtype=TOKEN, mode="r")
        self.length = length
        self.windows = (len(self.tokens) - 1) // length - 1  # one less: every epoch starts at another offset
        if self.windows < 1:
            raise ValueError(f"a corpus needs at least {2 * length + 1} tokens, got {len(self.tokens)}: {path}")

    def batch(self, step: int, size: int, seed: int) -> Tensor:
        """The windows of one step, each epoch in its own order: (B, T + 1)."""
        return self._read([self._start(slot, seed) for slot in range(step * size, (step + 1) * size)])

    def spread(self, size: int, part: int, parts: int) -> Tensor:
        """The part-th of `parts` fixed batches, spread evenly over the stream: (B, T + 1)."""
        places = np.linspace(0, self.windows - 1, size * parts).astype(int)[part::parts]
        return self._read([int(place) * self.length for place in places])

    def _start(self, slot: int, seed: int) -> int:
        epoch, place = divmod(slot, self.windows)
        if getattr(self, "_epoch", None) != (epoch, seed):
            self._epoch = (epoch, seed)
            generator = np.random.default_rng([seed, epoch])
            self._offset = int(generator.integers(self.length))
            self._order = generator.permutation(self.windows)
        return self._offset + int(self._order[place]) * self.length

    def _read(self, starts: list[int]) -> Tensor:
        windows = np.stack([self.tokens[start : start + self.length + 1] for start in starts])
        return torch.from_numpy(windows.astype(np.int64))
