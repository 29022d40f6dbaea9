"""Finding a story: by the model's hidden states, or by the words it shares with the question (TF-IDF).

It does not know where the stories come from; library.py does.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from moe_core.text.scripts import LATIN, kind_of


class Found(NamedTuple):
    """A story's place in the library and how near it is: the cosine, at most 1."""

    place: int
    nearness: float


def nearest(likeness: np.ndarray, count: int) -> list[Found]:
    """The best `count` of one row of likenesses, best first; on a tie the earlier one."""
    order = np.argsort(-likeness, kind="stable")[:count]
    return [Found(int(place), float(likeness[place])) for place in order]


def reciprocal_ranks(likeness: np.ndarray, wanted: Sequence[int]) -> np.ndarray:
    """1 / place of the wanted story in every row (n, library); a tie counts half of those that tie."""
    own = likeness[np.arange(len(wanted)), list(wanted)][:, None]
    better = (likeness > own).sum(1)
    ties = (likeness == own).sum(1) - 1
    return 1 / (1 + better + ties / 2)


def words_of(text: str) -> list[str]:
    """Lower-case words of English; single characters and pairs of neighbours of Chinese."""
    found, run = [], ""
    for before, char in zip(" " + text, text + " ", strict=False):
        if kind_of(char) == LATIN:
            run += char.lower()
            continue
        found += [run] if run else []
        run = ""
        if kind_of(char) == "han":
            found += [char] + ([before + char] if kind_of(before) == "han" else [])
    return found


class WordIndex:
    """TF-IDF over words and Chinese character pairs (scikit-learn), cosine."""

    def __init__(self, library: Sequence[str], split: Callable[[str], list[str]] = words_of):
        from sklearn.feature_extraction.text import TfidfVectorizer

        self._vectorizer = TfidfVectorizer(analyzer=split, sublinear_tf=True)
        self._library = self._vectorizer.fit_transform(library)

    def likeness(self, questions: Sequence[str]) -> np.ndarray:
        """(n, library)"""
        return (self._vectorizer.transform(questions) @ self._library.T).toarray()


class StateIndex:
    """The model's own view: mean hidden states, centred on the library's mean, cosine."""

    def __init__(self, embed: Callable[[Sequence[str]], np.ndarray], library: Sequence[str]):
        self._embed, self._vectors = embed, embed(library)

    def likeness(self, questions: Sequence[str]) -> np.ndarray:
        """(n, library)"""
        from moe_core.tasks.embedding import centred

        return centred(self._embed(questions), self._vectors) @ centred(self._vectors).T
