"""What a live run reads: the story world, poems where they are at hand, or a visitor's own text; as token ids.

Knows nothing of models.
"""

import itertools
import random
from typing import NamedTuple

import torch
from torch import Tensor

from moe_core.corpus.mixture import stream
from moe_core.corpus.outside import Records
from moe_core.corpus.sources import data_folder
from moe_core.lab.decoding import decoded
from moe_core.lab.errors import LabError
from moe_core.tokenizer import Tokenizer
from moe_core.training.documents import sentences_for_tokenizer

STORIES, POEMS, OWN = "stories", "poems", "own"
SOURCES = (STORIES, POEMS, OWN)
LARGEST = 1_000_000     # bytes of a visitor's text
CHARACTERS = 450_000    # of the story world or of the poems
TUNING, HELD_OUT = 0.05, 0.10   # shares of the tokens, from the end


class Text(NamedTuple):
    """A text in three parts that share no token."""

    tokenizer: Tokenizer
    training: Tensor   # (n,)
    tuning: Tensor     # what experts are weighed on, never judged on
    held_out: Tensor
    characters: int


def prepared(source: str, own: bytes | str, vocabulary: int, length: int, seed: int = 0) -> Text:
    """The text, its own tokenizer, and its three parts; LabError says what is wrong with it."""
    documents = _documents(source, own, seed)
    text = "".join(documents)
    tokenizer = Tokenizer.train(sentences_for_tokenizer(documents, seed=seed) if text else [], vocabulary)
    ids = [token for part in tokenizer.encode_all(documents) for token in (*part, tokenizer.end_id)]
    least = 20 * (length + 1)  # so that every part holds a window
    if len(ids) < least:
        raise LabError("text.short", count=len(ids), least=least)
    tokens = torch.tensor(ids)
    first, second = int(len(ids) * (1 - TUNING - HELD_OUT)), int(len(ids) * (1 - HELD_OUT))
    return Text(tokenizer, tokens[:first], tokens[first:second], tokens[second:], len(text))


def windows(tokens: Tensor, length: int, starts: list[int]) -> Tensor:
    """Windows of T + 1 tokens: (B, T + 1)."""
    return torch.stack([tokens[start:start + length + 1] for start in starts])


def spread(tokens: Tensor, length: int, count: int) -> Tensor:
    """Evenly spread windows, always the same: (count, T + 1)."""
    last = len(tokens) - length - 1
    return windows(tokens, length, [last * place // max(count - 1, 1) for place in range(count)])


def drawn(tokens: Tensor, length: int, count: int, seed: int, step: int) -> Tensor:
    """The windows of one step, a function of seed and step alone: (count, T + 1)."""
    pick = random.Random(f"{seed}-{step}")
    return windows(tokens, length, [pick.randrange(len(tokens) - length) for _ in range(count)])


def _documents(source: str, own: bytes | str, seed: int) -> list[str]:
    if source == OWN:
        size = len(own if isinstance(own, bytes) else own.encode("utf-8", "ignore"))
        if size > LARGEST:
            raise LabError("text.long", size=size, most=LARGEST)
        return [decoded(own)]
    return _upto(_poems(seed) if source == POEMS else (document.text for document in stream(seed)))


def _poems(seed: int):
    folder = data_folder()
    try:
        records = Records(folder, evaluation=False) if folder else None
    except ValueError:
        records = None
    if records is None:
        raise LabError("text.poems")
    pick = random.Random(f"poems-{seed}")
    return (records.document("poem", pick)[1] for _ in itertools.count())


def _upto(documents) -> list[str]:
    found, characters = [], 0
    for text in documents:
        found.append(text)
        characters += len(text)
        if characters >= CHARACTERS:
            return found
    return found
