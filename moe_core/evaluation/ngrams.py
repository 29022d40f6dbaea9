"""An interpolated Kneser-Ney n-gram model (Kneser & Ney 1995; Chen & Goodman 1998, section 2.8, one discount).

It reads token ids and knows no text. Training and judged text are numbered together, so no n-gram is ever hashed away.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

DISCOUNT = 0.75
END = 0  # stands before every document, as for the neural models


class _Grams(NamedTuple):
    """The n-grams of one order at every place of the stream."""

    context: np.ndarray  # (N,) number of the n - 1 tokens before
    whole: np.ndarray    # (N,) number of the n-gram
    valid: np.ndarray    # (N,) whether it lies inside one document
    first: np.ndarray    # (N,) whether it begins the document: nothing longer can end with it


def ngram_losses(training: Sequence[Sequence[int]], judged: Sequence[Sequence[int]], vocabulary: int,
                 order: int = 5, discount: float = DISCOUNT) -> list[np.ndarray]:
    """-log p of every token of every judged document, in nats: one array a document."""
    if order < 1 or not 0 < discount < 1:
        raise ValueError(f"order must be 1 or more and discount between 0 and 1, got {order} and {discount}")
    if not training or not judged:
        raise ValueError(f"training and judged need 1 document each, got {len(training)} and {len(judged)}")
    tokens, place = _stream([*training, *judged])
    learnt = np.arange(len(tokens)) < sum(len(text) + 1 for text in training)
    grams = _numbered(tokens, place, order, vocabulary)
    probability = np.full(len(tokens), 1 / vocabulary)
    for n in range(1, order + 1):
        longer = grams[n] if n < order else None
        probability = _interpolated(grams[n - 1], longer, learnt, discount, probability)
    losses = -np.log(probability)
    ends = np.cumsum([len(text) + 1 for text in [*training, *judged]])
    return [losses[end - len(text):end] for end, text in zip(ends[len(training):], judged, strict=True)]


def _stream(texts: Sequence[Sequence[int]]) -> tuple[np.ndarray, np.ndarray]:
    """END and document after document, and each token's place in its document (END's is 0)."""
    tokens = np.concatenate([np.array([END, *text], np.int64) for text in texts])
    place = np.concatenate([np.arange(len(text) + 1) for text in texts])
    return tokens, place


def _numbered(tokens: np.ndarray, place: np.ndarray, order: int, vocabulary: int) -> list[_Grams]:
    """For n = 1 .. order: the n-grams that end at each place, equal ones with equal numbers.

    Suffixes grow to the left: an n-gram is a token before an (n - 1)-gram. Both need the shorter ones' numbers only.
    """
    grams, context, whole = [], np.zeros(len(tokens), np.int64), tokens
    for n in range(1, order + 1):
        valid = (place >= 1) & (place >= n - 1)
        grams.append(_Grams(context, whole, valid, place == n - 1))
        before = np.concatenate([np.zeros(n, np.int64), tokens[:-n]]) if n < len(tokens) else np.zeros_like(tokens)
        context = _compact(context * vocabulary + before)
        whole = _compact(whole * vocabulary + before)
    return grams


def _compact(numbers: np.ndarray) -> np.ndarray:
    return np.unique(numbers, return_inverse=True)[1].astype(np.int64)


def _interpolated(grams: _Grams, longer: _Grams | None, learnt: np.ndarray, discount: float,
                  shorter: np.ndarray) -> np.ndarray:
    """Discounted counts of this order plus what is left over times the shorter order's probability.

    The highest order counts occurrences; a lower one counts in how many longer n-grams it is the end (Kneser-Ney),
    but where it begins a document, which only END could precede.
    """
    seen = learnt & grams.valid
    if longer is None:
        counted = np.flatnonzero(seen)
    else:
        both = np.flatnonzero(learnt & longer.valid)
        counted = both[np.unique(longer.whole[both], return_index=True)[1]]
        counted = np.concatenate([counted, np.flatnonzero(seen & grams.first)])
    counts = np.bincount(grams.whole[counted], minlength=grams.whole.max() + 1)
    totals = np.bincount(grams.context[counted], minlength=grams.context.max() + 1)
    kinds = counted[np.unique(grams.whole[counted], return_index=True)[1]]
    types = np.bincount(grams.context[kinds], minlength=len(totals))
    count, total, kind = counts[grams.whole], totals[grams.context], types[grams.context]
    share = np.maximum(count - discount, 0) / np.maximum(total, 1) + discount * kind / np.maximum(total, 1) * shorter
    return np.where(grams.valid & (total > 0), share, shorter)
