"""The thousand words: one on every line; the shipped list is made from the story world's lexicon.

It knows no torch; what is learned from the words is in thousand.py.
"""

import re
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from moe_core.corpus.lexicon import lexicon
from moe_core.lab.decoding import decoded
from moe_core.lab.errors import LabError

SHIPPED = Path(__file__).resolve().parents[2] / "assets" / "words" / "thousand.txt"
SENTENCES = (("我", "喜欢", "学习", "AI"), ("I", "like", "learning"))  # the article's own, and the same in English
LEAST_WORDS, MOST_WORDS, MOST_LINES, LONGEST_WORD = 10, 1000, 5000, 40
EACH = 500  # words of either language in the shipped list
PARTS = ("noun", "verb", "adjective", "adverb", "place", "time", "number")
LEFT_OUT = {"gun", "sword", "knife", "wine", "beer", "die", "kill", "fight", "hit", "steal", "ghost", "blood",
            "刀", "剑", "枪", "酒", "死", "打", "偷", "鬼", "血"}


@dataclass(frozen=True)
class WordList:
    """A sequence of words and the different words in it, in order of first occurrence."""

    sequence: tuple[int, ...]    # one index into `words` for every line
    words: tuple[str, ...]

    @property
    def repeats(self) -> int:
        """Lines that repeat a word of an earlier line."""
        return len(self.sequence) - len(self.words)

    def find(self, words: tuple[str, ...]) -> list[int]:
        """Those of these words that are in the list."""
        places = {word: place for place, word in enumerate(self.words)}
        return [places[word] for word in words if word in places]


def read(data: bytes | str) -> WordList:
    """A visitor's list; LabError says what is wrong with it. Empty lines do not count, repeated words do."""
    lines = [line.strip() for line in decoded(data).splitlines()]
    numbered = [(number, line) for number, line in enumerate(lines, 1) if line]
    if not numbered:
        raise LabError("words.empty")
    if len(numbered) > MOST_LINES:
        raise LabError("words.lines", lines=len(numbered), most=MOST_LINES)
    for number, line in numbered:
        if len(line) > LONGEST_WORD:
            raise LabError("words.long", line=number, count=len(line), most=LONGEST_WORD)
    return _listed([line for _, line in numbered])


def shipped() -> WordList:
    """The list in assets: the article's sentence, then five hundred words of each language."""
    return read(SHIPPED.read_bytes())


def build() -> str:
    """The shipped list: both sentences, then category by category, a few English words and their Chinese ones."""
    by_language = [_common("en"), _common("zh")]
    sentences = list(chain(*SENTENCES))
    chosen = [[word for word in words if word not in sentences] for words in by_language]
    room = [EACH - len(SENTENCES[1]) - 1, EACH - len(SENTENCES[0]) + 1]  # AI counts as English
    kept = [words[:count] for words, count in zip(chosen, room, strict=True)]
    blocks = [[words[start:start + 10] for start in range(0, len(words), 10)] for words in kept]
    mixed = chain.from_iterable(chain(*pair) for pair in _together(*blocks))
    return "\n".join([*sentences, *mixed]) + "\n"


def _listed(lines: list[str]) -> WordList:
    words = tuple(dict.fromkeys(lines))
    if len(words) < LEAST_WORDS:
        raise LabError("words.few", words=len(words), least=LEAST_WORDS)
    if len(words) > MOST_WORDS:
        raise LabError("words.many", words=len(words), most=MOST_WORDS)
    places = {word: place for place, word in enumerate(words)}
    return WordList(tuple(places[line] for line in lines), words)


def _common(language: str) -> list[str]:
    """Different plain words of one language, the easiest level first, each part of speech in turn."""
    fits = re.compile(r"[a-z]{2,11}" if language == "en" else r"[\u4e00-\u9fff]{1,3}").fullmatch
    found = {}
    for level in (1, 2):
        entries = [entry for entry in lexicon().entries if entry["level"] == level and entry["pos"] in PARTS]
        ways = [[_surface(entry, language) for entry in entries if entry["pos"] == part] for part in PARTS]
        for word in chain.from_iterable(_dealt(ways, size=10)):
            if word and fits(word) and word not in LEFT_OUT:
                found.setdefault(word)
    return list(found)


def _surface(entry: dict, language: str) -> str | None:
    form = entry[language]
    return form.get("word") or form.get("base")


def _dealt(ways: list[list], size: int):
    """Blocks of each list in turn, in proportion to how long the lists are."""
    rounds = max(len(way) for way in ways) // size + 1
    for turn in range(rounds):
        for way in ways:
            yield way[len(way) * turn // rounds:len(way) * (turn + 1) // rounds]


def _together(one: list, other: list):
    longest = max(len(one), len(other))
    one, other = (blocks + [[]] * (longest - len(blocks)) for blocks in (one, other))
    return zip(one, other, strict=True)
