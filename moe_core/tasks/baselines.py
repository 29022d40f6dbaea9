"""What a job can be done with without a model: always the same, copy, look up, the nearest words, the first sentence.

They see the same training side of the world as the model, and no held-out answer.
"""

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache

from moe_core.corpus.lexicon import lexicon
from moe_core.tasks.examples import Example, examples
from moe_core.tasks.prompts import ANSWERING, SENTIMENT

KNOWN_QUESTIONS = 2000  # training questions the look-up remembers
FIRST_SENTENCE = re.compile(r".+?(?:[.!?](?=[\s\"]|$)[\"]?|[。！？]”?|$)", re.DOTALL)
ENGLISH_WORDS = re.compile(r"[A-Za-z]+(?:[-'][A-Za-z]+)*|[^\sA-Za-z]")
FORMS = ("word", "base", "plural", "past", "third", "ing")  # of an English entry, all meaning one Chinese word
LONGEST_ENTRY = 4  # words of an English entry, characters of a Chinese one


def copy(asked: Sequence[Example]) -> list[str]:
    """The text itself."""
    return [example.text for example in asked]


def lead(asked: Sequence[Example]) -> list[str]:
    """The first sentence."""
    return [FIRST_SENTENCE.match(example.text).group().strip() for example in asked]


def majority(asked: Sequence[Example]) -> list[str]:
    """The commonest label among training examples of the same language."""
    return [_commonest(example.language) for example in asked]


@cache
def _commonest(language: str) -> str:
    counted = Counter(made.wanted for made in examples(SENTIMENT, language, 400, evaluation=False))
    return counted.most_common(1)[0][0]


def look_up(asked: Sequence[Example]) -> list[str]:
    """The answer of the training question that shares most words with this one (TF-IDF)."""
    return [_answer_of_nearest(example.language, example.question) for example in asked]


def _answer_of_nearest(language: str, question: str) -> str:
    index, answers = _known_questions(language)
    return answers[int(index.likeness([question])[0].argmax())]


@cache
def _known_questions(language: str):
    from moe_core.tasks.retrieval import WordIndex

    known = examples(ANSWERING, language, KNOWN_QUESTIONS, evaluation=False)
    return WordIndex([made.question for made in known]), [made.wanted for made in known]


def dictionary(asked: Sequence[Example]) -> list[str]:
    """Word by word through the story world's own lexicon, the longest entry first; unknown words stay as they are."""
    return [(_to_chinese if example.language == "en" else _to_english)(example.text) for example in asked]


@cache
def _entries() -> tuple[dict[str, str], dict[str, str]]:
    """English form -> Chinese word, and back; the first entry of a form counts."""
    forward, back = {}, {}
    for entry in lexicon().entries:
        chinese = entry["zh"]["word"]
        forms = [entry["en"][name] for name in FORMS if entry["en"].get(name)]
        for form in forms:
            forward.setdefault(form.lower(), chinese)
        back.setdefault(chinese, forms[0])
    return forward, back


def _to_chinese(text: str) -> str:
    forward, _ = _entries()
    words, found, at = ENGLISH_WORDS.findall(text), [], 0
    while at < len(words):
        length = next((size for size in range(LONGEST_ENTRY, 0, -1)
                       if " ".join(words[at:at + size]).lower() in forward), 0)
        found.append(forward[" ".join(words[at:at + length]).lower()] if length else words[at])
        at += max(length, 1)
    return "".join(found)


def _to_english(text: str) -> str:
    _, back = _entries()
    found, at = [], 0
    while at < len(text):
        length = next((size for size in range(LONGEST_ENTRY, 0, -1) if text[at:at + size] in back), 0)
        found.append(back[text[at:at + length]] if length else text[at])
        at += max(length, 1)
    return " ".join(found)
