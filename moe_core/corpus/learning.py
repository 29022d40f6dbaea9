"""First-person pages about learning things, the same thoughts in English and in Chinese, Latin words inside Chinese.

It does not know the story world.
"""

from __future__ import annotations

import json
import random
from functools import cache

from moe_core.corpus.cast import is_pinyin, roles
from moe_core.corpus.lexicon import WORLD, capital
from moe_core.corpus.scenes import noun_phrase

KINDS = {"ai": 24, "code": 17, "school": 25, "art": 13, "sport": 12, "life": 10}
CHOSEN = ("like", "when", "with", "hard", "but", "teacher", "said", "feel", "extra")
PARTS = ("deed", "hard", "said", "dream", "extra", "second", "feel", "made")
BEGINNINGS = (  # like, other topic, reason
    ("{like} because {reason}.", "{like}，因为{reason}。"),
    ("{like}. Why? Because {reason}.", "{like}。为什么呢？因为{reason}。"),
    ("My name is {me}. {like}, because {reason}.", "我叫{me}。{like}，因为{reason}。"),
    ("{like}, because {reason}, and because it is fun.", "{like}，因为{reason}，也因为很有意思。"),
    ("{like}. {two} likes it too.", "{like}，{two}也喜欢。"),
)
AFTER_LIKING = (  # go on from a topic at the very end, so not after "Learning ... makes me happy"
    ("{like} and {other}.", "{like}和{other}。"),
    ("{like} more than anything else, because {reason}.", "{like}，这是我最爱做的事，因为{reason}。"),
)
LIKING = ("I like", "I love", "I really like", "I enjoy")
SAYINGS = {
    "hard": ("{hard}, {but}.", "{hard}，{but}。"),
    "said": ('{teacher} said, "{said}"', "{teacher}说：“{said}”"),
    "dream": ("When I grow up, {dream}.", "长大以后，{dream}。"),
    "second": ("I also like {other}, because {reason_2}.", "我也喜欢{other}，因为{reason_2}。"),
    "extra": ("{extra}", "{extra}"),
    "feel": ("{feel}", "{feel}"),
    "made": ("{made}", "{made}"),
    "deed": ("{when} I {deed} {with}.", "{when}，我都会{with}{deed}。"),
    "deed_alone": ("{when} I {deed}.", "{when}，我都会{deed}。"),
}


@cache
def _words() -> dict:
    return json.loads((WORLD / "learning.json").read_text(encoding="utf-8"))


def learning_page(seed: int) -> tuple[str, str]:
    """One page in (English, Chinese): what I like to learn, why, when, what was hard, what I dream of."""
    pick = random.Random(f"learning-{seed}")
    kind = pick.choices(tuple(KINDS), tuple(KINDS.values()))[0]
    chosen = _choose(kind, pick)
    parts = ["beginning", *pick.sample(PARTS, pick.randint(1, 7))]
    if " with " in chosen["deed"][0] or " my " in chosen["deed"][0]:
        parts = ["deed_alone" if part == "deed" else part for part in parts]
    likes = chosen["like"][0].startswith(LIKING)
    sayings = SAYINGS | {"beginning": pick.choice(BEGINNINGS + AFTER_LIKING if likes else BEGINNINGS)}
    if "{other}" in sayings["beginning"][0]:
        parts = [part for part in parts if part != "second"]
    return tuple(_page(lang, chosen, [sayings[part][lang] for part in parts]) for lang in (0, 1))


def _choose(kind: str, pick: random.Random) -> dict[str, tuple[str, str]]:
    """Every slot of the page as (English, Chinese)."""
    words = _words()
    names = _names(pick)
    chosen = {name: pick.choice(words[name]) for name in CHOSEN} | names
    topics, reasons = pick.sample(words["topics"][kind], 2), pick.sample(words["reasons"][kind], 2)
    chosen |= {"other": topics[1][:2], "reason": reasons[0], "reason_2": reasons[1]}
    chosen |= {"deed": pick.choice(words["deeds"][kind]), "dream": pick.choice(words["dream"][kind])}
    learned = (topics[0][2] if len(topics[0]) > 2 else topics[0][0], topics[0][1])
    chosen["like"] = tuple(chosen["like"][i].format(t=learned[i]) for i in (0, 1))
    for slot in ("with", "teacher", "extra"):
        chosen[slot] = tuple(chosen[slot][i].format_map({n: names[n][i] for n in names}) for i in (0, 1))
    chosen["made"] = _made(pick.choice(words["made"][kind]), pick)
    return chosen


def _names(pick: random.Random) -> dict[str, tuple[str, str]]:
    """The writer and two other children; in Chinese half of the foreign ones keep their Latin name."""
    found = {}
    for slot, child in zip(("me", "one", "two"), pick.sample(roles()["child"], 3), strict=True):
        keep = pick.random() < 0.5 and not is_pinyin(child)
        found[slot] = (str(child.en), str(child.en) if keep else str(child.zh))
    return found


def _made(row: list, pick: random.Random) -> tuple[str, str]:
    english, chinese, slots = row
    things = {slot: noun_phrase(kind, pick) for slot, kind in slots.items()}
    return (english.format_map({s: one.en for s, one in things.items()}),
            chinese.format_map({s: one.zh for s, one in things.items()}))


def _page(lang: int, chosen: dict, sayings: list[str]) -> str:
    said = {slot: pair[lang] for slot, pair in chosen.items()}
    return (" " if lang == 0 else "").join(capital(saying.format_map(said)) for saying in sayings)
