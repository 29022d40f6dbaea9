"""Texts as points: the mean of a layer's hidden states over the text's tokens, and words as means of embeddings.

It does not know what is searched for.
"""

from collections.abc import Sequence

import numpy as np
import torch

from moe_core.tracing.own import LoadedModel


@torch.inference_mode()
def embed(loaded: LoadedModel, texts: Sequence[str], layer: int = 1) -> np.ndarray:
    """(n, D): each text's hidden states after `layer` decoder layers, averaged; early layers still know the words."""
    decoder = loaded.model.model
    if not 0 <= layer <= len(decoder.layers):
        raise ValueError(f"layer must lie in 0..{len(decoder.layers)}, got {layer}")
    return np.stack([_mean_state(loaded, text, layer) for text in texts])


def _mean_state(loaded: LoadedModel, text: str, depth: int) -> np.ndarray:
    decoder, config = loaded.model.model, loaded.model.config
    token_ids = [config.eos_token_id, *loaded.tokenizer.encode(text)][:config.max_position_embeddings]
    hidden = decoder.embed_tokens(torch.tensor([token_ids]))             # (1, T, D)
    rotation = decoder.rotation_at(0, len(token_ids))
    for block in decoder.layers[:depth]:
        hidden = block(hidden, rotation)
    return hidden[0, min(1, len(token_ids) - 1):].mean(0).float().numpy()  # END's row says nothing of the text


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
