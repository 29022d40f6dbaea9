"""Why the laboratory refuses something: a reason a page can translate, and its English sentence.

It knows no torch.
"""

SENTENCES = {
    "words.empty": "the word list is empty: write one word on every line",
    "words.few": "the word list has {words} different words; at least {least} are needed, one on every line",
    "words.many": "the word list has {words} different words; at most {most} fit",
    "words.lines": "the word list has {lines} lines; at most {most} fit",
    "words.long": "line {line} has {count} characters; a word has at most {most}",
    "text.binary": "these bytes are no text: a zero byte stands at place {place}",
    "text.encoding": "these bytes are neither UTF-8 nor GB 18030 text",
    "text.short": "the text has {count} tokens; at least {least} are needed to learn from it and be judged on the rest",
    "text.long": "the text has {size} bytes; at most {most} fit",
    "text.poems": "the poems are not on this machine: MOESCOPE_DATA names no folder that holds them",
    "dial": "{name} must lie in {allowed}, got {value}",
}


class LabError(ValueError):
    """A refusal: `reason` is a key of SENTENCES, `values` fill it in."""

    def __init__(self, reason: str, **values):
        super().__init__(SENTENCES[reason].format(**values))
        self.reason, self.values = reason, values

    def __reduce__(self):
        return _again, (self.reason, self.values)


def _again(reason: str, values: dict) -> LabError:
    return LabError(reason, **values)
