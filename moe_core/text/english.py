"""Parts of speech of English words, by a small tagger that brings its own model (denckring-en-pos).

An averaged perceptron trained on UD English-EWT words without punctuation: about 93 of 100 words right.
"""

import re
from collections.abc import Sequence
from functools import cache

# do|n't, cat|'s: a treebank's words, which is what the tagger has learnt from.
_LETTER = r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]"
WORD = re.compile("|".join([
    rf"{_LETTER}+?(?=n['’]t(?!{_LETTER}))",
    rf"n['’]t(?!{_LETTER})",
    rf"['’](?:s|re|ve|ll|d|m)(?!{_LETTER})",
    rf"{_LETTER}+",
]), re.IGNORECASE)


def parts_of_speech(words: Sequence[str]) -> list[str]:
    """The UPOS tag of every word of one sentence."""
    return [label.partition("|")[0] for label in _tagger().tag([word.replace("’", "'") for word in words])]


@cache
def _tagger():
    from denckring_en_pos import tagger  # half a second and a megabyte: only when a text is tagged

    return tagger()
