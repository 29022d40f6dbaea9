"""Texts as the hidden states of their tokens, and words as means of embeddings.

It does not know what is searched for.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch

from moe_core.tracing.own import LoadedModel


class TokenStates(NamedTuple):
    """A text as the model reads it, without END."""

    token_ids: np.ndarray  # (T,)
    states: np.ndarray     # (T, depths, D)


@torch.inference_mode()
def read_states(loaded: LoadedModel, texts: Sequence[str], depth: int = 1) -> list[TokenStates]:
    """Every token's states as it enters the first layer and after each of the first `depth` decoder layers.

    Early states still know the words; later ones know what comes next.
    """
    layers = len(loaded.model.model.layers)
    if not 0 <= depth <= layers:
        raise ValueError(f"depth must lie in 0..{layers}, got {depth}")
    return [_read(loaded, text, depth) for text in texts]


def _read(loaded: LoadedModel, text: str, depth: int) -> TokenStates:
    decoder, config = loaded.model.model, loaded.model.config
    token_ids = [config.eos_token_id, *loaded.tokenizer.encode(text)][:config.max_position_embeddings]
    states = [decoder.embed_tokens(torch.tensor([token_ids]))]           # (1, T, D)
    rotation = decoder.rotation_at(0, len(token_ids))
    for block in decoder.layers[:depth]:
        states.append(block(states[-1], rotation))
    return TokenStates(np.array(token_ids[1:], dtype=np.int64), torch.stack(states, 2)[0, 1:].float().numpy())


@torch.inference_mode()
def word_vectors(loaded: LoadedModel, words: Sequence[str]) -> np.ndarray:
    """(n, D): each word's token embeddings, averaged; an English word is read as it stands behind a blank."""
    table = loaded.model.model.embed_tokens.weight
    return np.stack([table[_ids_of(loaded, word)].mean(0).float().numpy() for word in words])


def is_one_token(loaded: LoadedModel, word: str) -> bool:
    """Whether the word has an embedding of its own; words of several tokens are alike where they share one."""
    return len(_ids_of(loaded, word)) == 1


def _ids_of(loaded: LoadedModel, word: str) -> list[int]:
    return loaded.tokenizer.encode(f" {word}" if word.isascii() else word)


def centred(vectors: np.ndarray, about: np.ndarray | None = None) -> np.ndarray:
    """Unit vectors after the mean (of `about`, or of themselves) is taken away: what all texts share says nothing."""
    moved = vectors - (vectors if about is None else about).mean(0)
    return moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-12)
