"""First-person pages about learning things, the same thoughts in English and in Chinese, Latin words inside Chinese.

It does not know the story world.
"""

from __future__ import annotations

import json
import random
from functools import lru_cache

from moe_core.corpus.lexicon import WORLD


@lru_cache(maxsize=1)
def _words() -> dict:
    return json.loads((WORLD / "learning.json").read_text(encoding="utf-8"))


def _join(lang: int, *parts: str) -> str:
    return (" " if lang == 0 else "").join(parts)


def learning_page(seed: int) -> tuple[str, str]:
    """One page in (English, Chinese): what I like to learn, why, when, what was hard, what I dream of."""
    pick = random.Random(f"learning-{seed}")
    words = _words()
    kind = pick.choices(("tech", "school", "art", "sport", "life"), (40, 25, 13, 12, 10))[0]
    chosen = {name: pick.choice(words[name]) for name in ("like", "when", "with", "hard", "but", "teacher", "said", "feel", "extra")}
    chosen |= {"deed": pick.choice(words["deeds"][kind]), "dream": pick.choice(words["dream"][kind])}
    topics, reasons = pick.sample(words["topics"][kind], 2), pick.sample(words["reasons"][kind], 2)
    first = pick.randrange(5)
    order = pick.sample(("deed", "hard", "said", "dream", "extra", "second", "feel"), pick.randint(1, 6))
    return tuple(_page(lang, chosen, topics, reasons, first, order) for lang in (0, 1))


def _page(lang: int, chosen: dict, topics: list, reasons: list, first: int, order: list[str]) -> str:
    said = {name: pair[lang] for name, pair in chosen.items()}
    topic, other = topics[0][lang], topics[1][lang]
    sentences = [_beginning(lang, first, said["like"], topic, other, reasons[0][lang])]
    makers = {
        "deed": _deed(lang, chosen),
        "hard": f"{said['hard']}, {said['but']}." if lang == 0 else f"{said['hard']}，{said['but']}。",
        "said": f"{_raised(said['teacher'])} said, \"{said['said']}\"" if lang == 0 else f"{said['teacher']}说：“{said['said']}”",
        "dream": f"When I grow up, {said['dream']}." if lang == 0 else f"长大以后，{said['dream']}。",
        "second": f"I also like {other}, because {reasons[1][lang]}." if lang == 0 else f"我也喜欢{other}，因为{reasons[1][lang]}。",
        "extra": said["extra"],
        "feel": said["feel"],
    }
    return _join(lang, *sentences, *(makers[name] for name in order))


def _deed(lang: int, chosen: dict) -> str:
    when, deed, company = (chosen[name][lang] for name in ("when", "deed", "with"))
    if " with " in chosen["deed"][0] or " my " in chosen["deed"][0]:
        return f"{when} I {deed}." if lang == 0 else f"{when}，我都会{deed}。"
    return f"{when} I {deed} {company}." if lang == 0 else f"{when}，我都会{company}{deed}。"


def _raised(text: str) -> str:
    return text[:1].upper() + text[1:]


def _beginning(lang: int, first: int, like: str, topic: str, other: str, reason: str) -> str:
    like = like.format(t=topic)
    english = (
        f"{like} because {reason}.",
        f"{like}. Why? Because {reason}.",
        f"{like} and {other}.",
        f"My name is Lin, and {like}: {reason}.",
        f"{like}, because {reason}, and because it is fun.",
    )
    chinese = (
        f"{like}，因为{reason}。",
        f"{like}。为什么呢？因为{reason}。",
        f"{like}和{other}。",
        f"我叫小林，{like}，因为{reason}。",
        f"{like}，因为{reason}，也因为很有意思。",
    )
    return (chinese if lang else english)[first]
