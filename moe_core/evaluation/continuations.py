"""Free texts to be read by a person against docs/continuations.md, with what can be counted counted.

It judges neither grammar nor sense.
"""

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from moe_core.model.generation import generate
from moe_core.sampling import Sampling
from moe_core.tasks.examples import examples
from moe_core.tasks.prompts import FREE, LANGUAGES
from moe_core.tasks.retrieval import words_of
from moe_core.text.scripts import language_of
from moe_core.tracing.own import LoadedModel

TEMPERATURE, MOST_TOKENS = 0.8, 200
GRAM, REPEATS = 4, 4  # a loop: the same 4 words in a row, 4 times or more
RUBRIC = "docs/continuations.md"


class Continuation(NamedTuple):
    """One free text."""

    language: str
    prompt: str
    text: str     # what the model wrote
    ended: bool   # it came to an end by itself
    tokens: int
    seed: int

    @property
    def kept_language(self) -> bool:
        return language_of(self.text) == self.language

    @property
    def loops(self) -> bool:
        return most_repeated(self.prompt + self.text) >= REPEATS


def write_on(loaded: LoadedModel, count: int,
             progress: Callable[[str], None] = lambda line: None) -> list[Continuation]:
    """So many continuations of held-out beginnings in each language, each with its own seed."""
    found = []
    for language in LANGUAGES:
        for seed, example in enumerate(examples(FREE, language, count)):
            found.append(_one(loaded, language, example.prompt, seed))
            progress(f"{len(found)} of {2 * count} texts")
    return found


def _one(loaded: LoadedModel, language: str, prompt: str, seed: int) -> Continuation:
    sampling = Sampling(max_new_tokens=MOST_TOKENS, temperature=TEMPERATURE, seed=seed)
    steps = list(generate(loaded.model, loaded.tokenizer.encode(prompt), sampling))
    written = [token for fed in steps[1:] for token in fed.token_ids]
    return Continuation(language, prompt, loaded.tokenizer.decode(written), steps[-1].stopped == "end", len(written),
                        seed)


def most_repeated(text: str) -> int:
    """How often the commonest run of GRAM words comes; Chinese is counted by jieba's words."""
    units = _words(text)
    grams = Counter(tuple(units[at:at + GRAM]) for at in range(len(units) - GRAM + 1))
    return max(grams.values(), default=0)


def _words(text: str) -> list[str]:
    if language_of(text) != "zh":
        return words_of(text)
    from moe_core.text.tags import words

    return [text[word.start:word.end] for word in words(text) if word.part_of_speech != "PUNCT"]


def counted(written: list[Continuation]) -> dict:
    """How many keep the language, end, and loop, language by language."""
    by_language = {}
    for language in LANGUAGES:
        here = [one for one in written if one.language == language]
        by_language[language] = {"n": len(here), **{name: sum(getattr(one, name) for one in here)
                                                    for name in ("kept_language", "ended", "loops")}}
    return {"languages": by_language, "temperature": TEMPERATURE, "most_tokens": MOST_TOKENS}


def as_text(written: list[Continuation], found: dict) -> str:
    """A Markdown file with room for a verdict behind every text."""
    lines = [f"# Free continuations of {found['model']} ({found['model_hash']})", "",
             f"Temperature {TEMPERATURE}, at most {MOST_TOKENS} tokens, seed = number; judged by {RUBRIC}.", ""]
    for language, row in found["languages"].items():
        lines.append(f"- {language}: n = {row['n']}; {row['kept_language']} keep the language, {row['ended']} end, "
                     f"{row['loops']} loop")
    for one in written:
        signs = [name for name, holds in (("other language", not one.kept_language), ("cut", not one.ended),
                                          ("loop", one.loops)) if holds]
        lines += ["", f"## {one.language} {one.seed}{' (' + ', '.join(signs) + ')' if signs else ''}", "",
                  f"**{one.prompt}**{one.text}", "", "verdict: "]
    return "\n".join(lines) + "\n"
