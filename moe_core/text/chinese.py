"""Words and parts of speech of Chinese text: jieba, its own tags mapped to the universal ones.

The mapping follows the Chinese GSD treebank where it is a matter of taste (在…中 as ADP, 一个 as NUM).
"""

import logging
import warnings
from functools import cache
from typing import NamedTuple

# jieba's flags by their longest known beginning; the rest is the letter's main meaning.
UPOS_OF_FLAG = {
    "a": "ADJ", "ad": "ADV", "an": "NOUN", "b": "ADJ", "c": "CCONJ", "d": "ADV", "df": "AUX", "e": "INTJ",
    "f": "ADP", "g": "NOUN", "h": "PART", "i": "VERB", "j": "NOUN", "k": "PART", "l": "VERB", "m": "NUM",
    "n": "NOUN", "nr": "PROPN", "ns": "PROPN", "nt": "NOUN", "nz": "PROPN", "o": "INTJ", "p": "ADP", "q": "NOUN",
    "r": "PRON", "rz": "DET", "s": "NOUN", "t": "NOUN", "u": "PART", "ug": "AUX", "ul": "AUX", "uz": "AUX",
    "v": "VERB", "vn": "NOUN", "y": "PART", "z": "ADJ", "zg": "ADV", "eng": "X", "x": "X",
}
# Function words whose flag is too coarse: modal verbs are verbs to jieba, 这个 a pronoun, 年 a numeral.
UPOS_OF_WORD = {word: upos for upos, words in {
    "AUX": "是 为 会 能 能够 可 可以 可能 要 应 应该 应当 必须 得 被",
    "NOUN": "年 月 日 其中 同时 等",
    "DET": "这些 那些 这个 那个 这 那 该 各 每 某 其他 所有 另 本 此 任何",
    "PRON": "什么 谁 哪里 这里 那里 自己 大家",
    "VERB": "有 没有 由 只有",
    "ADP": "时 之后 之前 之间 因为 由于 如果 因此 虽然",
    "ADV": "但 但是 而 并 并且 不过 然而 所 来 不 非常 也 就 都 还 很 最 更",
    "ADJ": "一些",
}.items() for word in words.split()}
TOGETHER = set("和跟与")  # and: jieba sometimes takes it for a surname, as in 和小明
MEASURES = set("个种次位名家项条只本张件座场部岁天元人口辆间层篇首")


class ChineseWord(NamedTuple):
    """One word of a run of Han characters."""

    text: str
    part_of_speech: str  # UPOS
    flag: str = ""       # jieba's own, which tells names of persons from names of places


def words(run: str) -> list[ChineseWord]:
    """The words of a run of Han characters, in order; together they are the run."""
    return [word for pair in _tagger().cut(run) for word in _treebank_words(pair.word, pair.flag)]


def upos(word: str, flag: str) -> str:
    """The universal tag of a word that jieba gave this flag."""
    if word in UPOS_OF_WORD:
        return UPOS_OF_WORD[word]
    beginnings = (flag[:length] for length in range(len(flag), 0, -1))
    return next((UPOS_OF_FLAG[flag] for flag in beginnings if flag in UPOS_OF_FLAG), "X")


def _treebank_words(word: str, flag: str) -> list[ChineseWord]:
    """jieba keeps 一个 and 三次 whole, treebanks part the numeral from what it counts; 和 is not a surname here."""
    if flag == "m" and len(word) > 1 and word[-1] in MEASURES:
        return [ChineseWord(word[:-1], "NUM"), ChineseWord(word[-1], "NOUN")]
    if flag == "nr" and len(word) > 2 and word[0] in TOGETHER:
        return [ChineseWord(word[0], "CCONJ"), ChineseWord(word[1:], "PROPN", flag)]
    return [ChineseWord(word, upos(word, flag), flag)]


@cache
def _tagger():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # jieba 0.42 is older than the Python it runs on
        import jieba
        from jieba import posseg
    jieba.setLogLevel(logging.WARNING)  # it greets everyone on stderr
    posseg.initialize()
    return posseg.dt
