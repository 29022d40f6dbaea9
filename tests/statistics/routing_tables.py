"""Tiny routing tables for the tests of the statistics: written by hand, or routed without any preference."""

import numpy as np
import pandas as pd


def routed(*layers: list[tuple[int, ...]], experts: int, texts: list[int] | None = None, **labels) -> pd.DataFrame:
    """Each layer a list of each token's experts, best first; labels are lists with one entry per token."""
    length = len(layers[0])
    texts = texts or [0] * length
    positions = [texts[:place].count(text) for place, text in enumerate(texts)]
    columns = {"token": ["·"] * length} | labels
    return pd.DataFrame([
        {"layer": layer, "text": texts[place], "position": positions[place], "expert": expert,
         "rank": sets[place].index(expert) + 1 if expert in sets[place] else 0, "weight": float(expert in sets[place]),
         **{name: column[place] for name, column in columns.items()}}
        for layer, sets in enumerate(layers) for place in range(length) for expert in range(experts)])


def even_routing(seed: int, tokens: int = 200, experts: int = 5, per_token: int = 2, layers: int = 1,
                 text_length: int = 10, **labels) -> pd.DataFrame:
    """Every set of experts equally likely for every token, whatever its labels."""
    rng = np.random.default_rng(seed)
    return _table(rng.random((layers, tokens, experts)).argsort(axis=2)[:, :, :per_token], experts, text_length, labels)


def leaning_routing(seed: int, texts: int, experts: int = 5, text_length: int = 10, lean: float = 0.8,
                    **labels) -> pd.DataFrame:
    """Two of the experts for every token; each text leans to experts of its own, over many texts all are alike."""
    rng = np.random.default_rng(seed)
    liked = lean * rng.normal(size=(texts, experts)).repeat(text_length, axis=0)
    scores = liked + rng.gumbel(size=liked.shape)  # the first choice is a draw from softmax(liked)
    return _table((-scores).argsort(axis=1)[None, :, :2], experts, text_length, labels)


def _table(ids: np.ndarray, experts: int, text_length: int, labels: dict) -> pd.DataFrame:
    layers, tokens, per_token = ids.shape
    rank = np.zeros((layers, tokens, experts), int)
    np.put_along_axis(rank, ids, np.broadcast_to(np.arange(1, per_token + 1), ids.shape), axis=2)
    place = np.tile(np.repeat(np.arange(tokens), experts), layers)
    columns = {"token": np.array(["·"] * tokens, object)} | {name: np.asarray(label) for name, label in labels.items()}
    return pd.DataFrame({
        "layer": np.repeat(np.arange(layers), tokens * experts), "text": place // text_length,
        "position": place % text_length, "expert": np.tile(np.arange(experts), layers * tokens), "rank": rank.ravel(),
        "weight": (rank > 0).ravel() / per_token, **{name: column[place] for name, column in columns.items()}})
