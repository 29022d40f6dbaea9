"""Dialogues, diary pages and letters: a list of turns, each with a few ways to say it in either language.

It does not know the story world's plots.
"""

from __future__ import annotations

import json
import random
from functools import cache

from moe_core.corpus.cast import roles
from moe_core.corpus.lexicon import WORLD, Both, Word, capital, thing
from moe_core.corpus.scenes import noun_phrase

SAME = "="  # a turn that answers the one before it: say it in the same way


@cache
def _pages(name: str) -> tuple[dict, ...]:
    pages = json.loads((WORLD / f"{name}.json").read_text(encoding="utf-8"))
    for page in pages:
        page["turns"] = [tuple(tuple(said.split("|")) for said in turn) for turn in page["turns"]]
    return tuple(pages)


def _slots(page: dict, pick: random.Random) -> dict[str, Both]:
    one, two = pick.sample(roles()["child"], 2)
    cast = {"one": one, "two": two}
    for slot, kind in page["slots"].items():
        cast[slot] = _listed(pick.choice(kind), cast) if isinstance(kind, list) else noun_phrase(kind, pick)
    return cast


def _listed(pair: list[str], cast: dict[str, Both]) -> Both:
    english, chinese = (pair[i].format_map({n: (one.en, one.zh)[i] for n, one in cast.items()}) for i in (0, 1))
    return Both(thing(english, chinese, None).en, Word(chinese))


def page_pair(name: str, seed: int) -> tuple[list[str], list[str], dict[str, Both]]:
    """The turns of one page in (English, Chinese), the same facts in both, and who is in it."""
    pick = random.Random(f"{name}-{seed}")
    page = pick.choice(_pages(name))
    cast = _slots(page, pick)
    english, chinese, index = [], [], 0
    for said_en, said_zh in page["turns"]:
        if not said_en[0].startswith(SAME):
            index = pick.randrange(min(len(said_en), len(said_zh)))
        english.append(capital(said_en[index].lstrip(SAME).format_map({n: one.en for n, one in cast.items()})))
        chinese.append(said_zh[index].format_map({n: one.zh for n, one in cast.items()}))
    return english, chinese, cast


def dialogue(seed: int, lang: str) -> str:
    """Two people talking, each turn on its own line, with names or dashes."""
    english, chinese, cast = page_pair("dialogues", seed)
    turns = chinese if lang == "zh" else english
    pick = random.Random(f"speakers-{seed}")
    speakers = [str(getattr(cast[who], lang)) for who in ("one", "two")]
    style = pick.choice(("names", "names", "letters", "dashes"))
    if style == "dashes":
        return "\n".join(f"{'- ' if lang == 'en' else '——'}{turn}" for turn in turns)
    who = speakers if style == "names" else ["A", "B"]
    colon = ": " if lang == "en" else "："
    return "\n".join(f"{who[number % 2]}{colon}{turn}" for number, turn in enumerate(turns))


def diary(seed: int, lang: str) -> str:
    """A page of a diary or a letter as one paragraph; now and then a turn is left out."""
    english, chinese, _ = page_pair("diary", seed)
    pick = random.Random(f"diary-length-{seed}")
    kept = [i for i in range(len(english)) if i < 2 or pick.random() < 0.85]
    return (" " if lang == "en" else "").join((english, chinese)[lang == "zh"][i] for i in kept)
