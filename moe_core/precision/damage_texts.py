"""Splits of texts that no training saw: to calibrate on, to judge on, one that nothing was chosen by, one to fit to.

They come from the corpus generator's evaluation split, so nothing is downloaded. It knows no formats.
"""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from moe_core.corpus import mixture
from moe_core.tokenizer import Tokenizer

SEEDS = {"calibration": 11, "gate": 22, "third": 33, "fitting": 44}
TOKENS = {"calibration": 4096, "gate": 16384, "third": 16384, "fitting": 16384}
MEASURED = ("calibration", "gate", "third")  # models are fitted to the other one
ROWS_AT_ONCE = {"calibration": 256}  # padded; a backward pass wants few, see sensitivity
MOST_ROWS = 1024
UNASKED = -100  # stands as target where a text is filled up


class Batch(NamedTuple):
    """Some texts of nearly one length, filled up to the longest."""

    token_ids: Tensor  # (B, T) END and the text but for its last token
    targets: Tensor    # (B, T) the token that follows, or UNASKED
    texts: Tensor      # (B,)   which texts of the split these are


class Split(NamedTuple):
    """Texts that are measured together."""

    name: str
    seed: int
    batches: list[Batch]
    counts: Tensor      # (texts,) tokens of each, float64

    @property
    def tokens(self) -> int:
        return int(self.counts.sum())


def splits(tokenizer: Tokenizer, room: int, end: int, tokens: dict[str, int] | None = None) -> dict[str, Split]:
    """All of them, the same for the same seeds; a text of one is in no other. `room` is the model's context."""
    taken: set[str] = set()
    return {name: split_of(name, _read(name, tokenizer, room, count, taken), end)
            for name, count in (tokens or TOKENS).items()}


def _read(name: str, tokenizer: Tokenizer, room: int, count: int, taken: set[str]) -> list[list[int]]:
    """Texts with `count` tokens together, the last one cut where that is reached."""
    found, left = [], count
    for text in _unseen(SEEDS[name], taken):
        token_ids = tokenizer.encode(text)[:min(room - 1, left)]
        if token_ids:
            found.append(token_ids)
            left -= len(token_ids)
        if left <= 0:
            break
    return found


def _unseen(seed: int, taken: set[str]) -> Iterator[str]:
    for document in mixture.stream(seed, evaluation=True):
        if document.text not in taken:
            taken.add(document.text)
            yield document.text


def split_of(name: str, texts: list[list[int]], end: int) -> Split:
    """A split of given token ids, each text with one token at least."""
    rows = ROWS_AT_ONCE.get(name, MOST_ROWS)
    order = sorted(range(len(texts)), key=lambda text: len(texts[text]))
    batches, waiting = [], []
    for text in order:
        if waiting and (len(waiting) + 1) * len(texts[text]) > rows:
            batches.append(_batch(waiting, texts, end))
            waiting = []
        waiting.append(text)
    batches.append(_batch(waiting, texts, end))
    return Split(name, SEEDS.get(name, 0), batches, torch.tensor([len(text) for text in texts], dtype=torch.float64))


def _batch(chosen: list[int], texts: list[list[int]], end: int) -> Batch:
    longest = max(len(texts[text]) for text in chosen)
    token_ids = torch.full((len(chosen), longest), end)
    targets = torch.full((len(chosen), longest), UNASKED)
    for row, text in enumerate(chosen):
        length = len(texts[text])
        token_ids[row, 1:length] = torch.tensor(texts[text][:-1])
        targets[row, :length] = torch.tensor(texts[text])
    return Batch(token_ids, targets, torch.tensor(chosen))
