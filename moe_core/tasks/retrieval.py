"""Finding a story: by the model's hidden states, or by the words it shares with the question (TF-IDF).

It does not know where the stories come from; library.py does.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from math import log
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from moe_core.text.scripts import LATIN, kind_of

if TYPE_CHECKING:
    from moe_core.tasks.embedding import TokenStates


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
    """The model's own view: every token of the question looks for its nearest one in the story (late interaction,
    Khattab & Zaharia 2020, eq. 3), by cosine of states that are centred on the library's.

    Tokens count by idf squared, as in the product of two TF-IDF vectors: what every story has says nothing.
    """

    def __init__(self, read: Callable[[Sequence[str]], list["TokenStates"]], library: Sequence[str]):
        self._read, texts = read, read(library)
        self._starts = np.cumsum([0, *(len(text.token_ids) for text in texts)])[:-1]
        states = np.concatenate([text.states for text in texts])        # (tokens of the library, depths, D)
        self._centre = states.mean(0)
        self._directions = self._directed(states)
        holding = Counter(token for text in texts for token in set(text.token_ids.tolist()))
        self._idf = {token: log((1 + len(texts)) / (1 + count)) for token, count in holding.items()}
        self._rarest = log(1 + len(texts))

    def likeness(self, questions: Sequence[str]) -> np.ndarray:
        """(n, library): 1 where every token stands in the story in the same state."""
        return np.stack([self._one(question) for question in self._read(questions)])

    def _one(self, question: "TokenStates") -> np.ndarray:
        if not len(question.token_ids):
            return np.zeros(len(self._starts))
        cosines = self._directed(question.states) @ self._directions.T  # (T, tokens of the library)
        nearest_ones = np.maximum.reduceat(cosines, self._starts, axis=1)  # (T, library)
        counts = np.array([self._idf.get(token, self._rarest) ** 2 for token in question.token_ids.tolist()])
        return counts @ nearest_ones / max(counts.sum(), 1e-12)

    def _directed(self, states: np.ndarray) -> np.ndarray:
        """(T, depths, D) -> (T, depths x D): unit vectors, every depth with the same share."""
        moved = states - self._centre
        unit = moved / np.maximum(np.linalg.norm(moved, axis=-1, keepdims=True), 1e-12)
        return unit.reshape(len(unit), -1) / np.sqrt(unit.shape[1])
