"""What every held-out document costs a model: nats, tokens and bytes, and where the routers sent its tokens.

It does not know which documents belong together.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch

from moe_core.interventions.packed import Packed, walk
from moe_core.tracing.own import LoadedModel

TOKENS_AT_ONCE = 4000  # all layers of so many tokens are held at a time


class Read(NamedTuple):
    """A model's reading of n documents."""

    nats: np.ndarray              # (n,) summed over the document's tokens
    tokens: np.ndarray            # (n,)
    sizes: np.ndarray             # (n,) bytes of UTF-8 that these tokens spell
    token_ids: list[list[int]]
    expert_ids: list[np.ndarray]  # n x (L, T - 1, K) of every token but the last, best first; none for a dense model


@torch.inference_mode()
def read(loaded: LoadedModel, texts: Sequence[str],
         progress: Callable[[int, int], None] = lambda done, total: None) -> Read:
    """Each document alone, from its beginning, as far as the model's context goes."""
    room = loaded.model.config.max_position_embeddings - 1
    token_ids = [ids[:room] for ids in loaded.tokenizer.encode_all(list(texts))]
    nats, expert_ids, done = np.zeros(len(texts)), [None] * len(texts), 0
    for members in _portions(token_ids):
        packed = Packed([token_ids[one] for one in members], loaded.model)
        walked = walk(loaded.model, packed)
        np.add.at(nats, np.array(members)[packed.text_of_row.numpy()], walked.losses.double().numpy())
        if walked.routings:
            chosen = torch.stack([routing.expert_ids for routing in walked.routings]).numpy().astype(np.int16)
            for one, start, length in zip(members, packed.starts, packed.lengths, strict=False):
                expert_ids[one] = chosen[:, start + 1:start + length]  # the first row read END
        done += len(members)
        progress(done, len(texts))
    sizes = np.array([len(loaded.tokenizer.decode(ids).encode()) for ids in token_ids])
    return Read(nats, np.array([len(ids) for ids in token_ids]), sizes, token_ids,
                [found for found in expert_ids if found is not None])


def _portions(token_ids: list[list[int]]) -> Iterator[list[int]]:
    """Documents of like length together, so many tokens at a time."""
    members, size = [], 0
    for one in sorted(range(len(token_ids)), key=lambda place: len(token_ids[place])):
        if members and size + len(token_ids[one]) > TOKENS_AT_ONCE:
            yield members
            members, size = [], 0
        members.append(one)
        size += len(token_ids[one])
    if members:
        yield members
