"""Reads a corpus: JSON Lines in UTF-8, one document a line, its text under "text".

Knows nothing of tokens; a fault is reported with the file and the line it stands in.
"""

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path

LONGEST_DOCUMENT = 1_000_000  # characters; a longer line is a file in another format
SENTENCE_END = re.compile(r"(?<=[.!?。！？\n])")


def read_documents(path: str | Path) -> list[str]:
    """The texts of a corpus file, in its order."""
    return [record["text"] for record in records(path)]


def by_domain(path: str | Path) -> dict[str, list[str]]:
    """The texts of a corpus file under their "domain"; those without one are left out."""
    found: dict[str, list[str]] = {}
    for record in records(path):
        if isinstance(domain := record.get("domain"), str) and domain.isidentifier():
            found.setdefault(domain, []).append(record["text"])
    return found


def records(path: str | Path) -> list[dict]:
    """The documents of a corpus file with everything known of them."""
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"corpus file is missing: {path}")
    try:
        with path.open(encoding="utf-8") as lines:
            records = [_record(line, f"{path}, line {number}") for number, line in enumerate(lines, 1) if line.strip()]
    except UnicodeDecodeError as error:
        raise ValueError(f"corpus file is not UTF-8: {path} ({error.reason} at byte {error.start})") from None
    if not records:
        raise ValueError(f"corpus file holds no documents: {path}")
    return records


def _record(line: str, where: str) -> dict:
    if len(line) > LONGEST_DOCUMENT:
        raise ValueError(f"{where}: a document must stay under {LONGEST_DOCUMENT} characters, got {len(line)}")
    try:
        record = json.loads(line)
        record["text"].encode()
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ValueError(f'{where}: expected an object with a "text" string, got {line[:60]!r}') from None
    return record


def sentences_for_tokenizer(documents: list[str], characters: int = 6_000_000, seed: int = 0) -> Iterator[str]:
    """Distinct sentences, as much English as Chinese (by tokens, at 2.5 times the characters), at most `characters`.

    Each sentence counts once, so that a template which occurs a thousand times does not fill the vocabulary.
    """
    sentences = {sentence for text in documents for sentence in SENTENCE_END.split(text) if sentence}
    shuffled = random.Random(seed).sample(sorted(sentences), len(sentences))
    chinese = [sentence for sentence in shuffled if is_chinese(sentence)]
    other = [sentence for sentence in shuffled if not is_chinese(sentence)]
    budget = min(sum(map(len, chinese)), sum(map(len, other)) / 2.5, characters / 3.5) or characters
    yield from _up_to(chinese, budget)
    yield from _up_to(other, budget * 2.5)


def is_chinese(text: str) -> bool:
    """Whether a fifth of the characters or more are Chinese."""
    return 5 * sum("\u3400" <= character <= "\u9fff" for character in text) >= len(text)


def _up_to(texts: list[str], characters: float) -> Iterator[str]:
    for text in texts:
        if characters <= 0:
            return
        characters -= len(text)
        yield text
