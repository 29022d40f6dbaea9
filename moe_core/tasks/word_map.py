"""Words on a plane by the model's own embeddings: the typed ones and their nearest words of the story world.

The plane is that of the two largest principal components of just these words; how much it leaves out is said.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from moe_core.corpus.lexicon import lexicon
from moe_core.tasks.embedding import centred, is_one_token, word_vectors
from moe_core.tracing.own import LoadedModel

MOST_TYPED, NEIGHBOURS = 14, 3
COLUMNS = ["word", "typed", "language", "near_to", "cosine", "x", "y"]


class WordMap(NamedTuple):
    """A plane with words on it."""

    table: pd.DataFrame  # word, typed, language, near_to (the typed word; "" for those), cosine, x, y
    kept: float          # share of the words' variance that the plane shows


def word_map(loaded: LoadedModel, typed: Sequence[str]) -> WordMap:
    """The first different words that were typed, each with its nearest words, in either language."""
    typed = list(dict.fromkeys(typed))[:MOST_TYPED]
    if not typed:
        return WordMap(pd.DataFrame(columns=COLUMNS), float("nan"))
    known = [word for word in _known_words() if is_one_token(loaded, word)]
    vectors = word_vectors(loaded, [*typed, *known])
    alike = centred(vectors[:len(typed)], vectors[len(typed):]) @ centred(vectors[len(typed):]).T
    rows = [(word, True, _language(word), "", 1.0) for word in typed]
    rows += _neighbours(typed, known, alike)
    words = [row[0] for row in rows]
    place = {word: at for at, word in enumerate([*typed, *known])}
    points, kept = plane(vectors[[place[word] for word in words]])
    return WordMap(pd.DataFrame([(*row, *point) for row, point in zip(rows, points.tolist(), strict=True)],
                                columns=COLUMNS), kept)


def plane(vectors: np.ndarray) -> tuple[np.ndarray, float]:
    """The two largest principal components (n, 2), and their share of the variance; each points to its larger side."""
    moved = vectors - vectors.mean(0)
    left, sizes, _ = np.linalg.svd(moved, full_matrices=False)
    points = np.zeros((len(vectors), 2))
    points[:, :min(2, len(sizes))] = (left * sizes)[:, :2]
    points *= np.where(points[np.abs(points).argmax(0), [0, 1]] < 0, -1, 1)  # a sign is an accident of arithmetic
    whole = float((sizes**2).sum())
    return points, float((sizes[:2] ** 2).sum()) / whole if whole > 0 else 1.0


def _neighbours(typed: list[str], known: list[str], alike: np.ndarray) -> list[tuple]:
    """For each typed word its nearest others; a word that is near to two belongs to the first."""
    taken, rows = {word.lower() for word in typed}, []
    for word, row in zip(typed, alike, strict=True):
        near = [at for at in np.argsort(-row, kind="stable") if known[at].lower() not in taken][:NEIGHBOURS]
        taken |= {known[at].lower() for at in near}
        rows += [(known[at], False, _language(known[at]), word, float(row[at])) for at in near]
    return rows


def _known_words() -> list[str]:
    """Common words of the story world in both languages."""
    common = [entry for entry in lexicon().entries if entry["pos"] in ("noun", "verb", "adjective", "place")
              and entry["level"] <= 2]
    english = [entry["en"].get("word") or entry["en"]["base"] for entry in common]
    chinese = [entry["zh"]["word"] for entry in common]
    return list(dict.fromkeys([*(word for word in english if " " not in word), *chinese]))


def _language(word: str) -> str:
    return "en" if word.isascii() else "zh"
