"""Every sentence a visitor reads, in English and Chinese.

It knows keys and languages, not who shows the sentence.
"""

import json
from functools import cache
from pathlib import Path

LANGUAGES = {"en": "English", "zh": "中文"}
FOLDER = Path(__file__).parent / "words"


@cache
def sentences(language: str) -> dict[str, str]:
    """All sentences of one language: key -> text with {placeholders}."""
    files = sorted((FOLDER / language).glob("*.json"))  # one a room
    return {key: text for file in files for key, text in json.loads(file.read_text("utf-8")).items()}


def say(language: str, key: str, **values) -> str:
    """The sentence `key`, its placeholders filled in."""
    sentence = sentences(language)[key]
    return sentence.format(**values) if values else sentence
