"""Composed background sentences: openings, breakfasts, clothes, pets and sights built from the whole lexicon.

It does not know the plot; it adds what is true before anything happens.
"""

from __future__ import annotations

import json
import random
from functools import cache

from moe_core.corpus.lexicon import WORLD, Both, lexicon, thing
from moe_core.corpus.plan import Plan
from moe_core.corpus.templates import chinese, english

NUMBERS = (("two", "两"), ("three", "三"), ("four", "四"), ("five", "五"), ("six", "六"))


@cache
def _scenes() -> dict:
    raw = json.loads((WORLD / "scenes.json").read_text(encoding="utf-8"))
    for scene in raw["background"] + raw["opening"] + raw["opening_animals"]:
        scene["en"] = [english(text).text for text in scene["en"]]
        scene["zh"] = [chinese(text).text for text in scene["zh"]]
    return raw


@cache
def _nouns(kind: str) -> tuple[dict, ...]:
    listed = _scenes()["kinds"].get(kind, [kind])
    named = [lexicon().by_id[name] for name in listed if name in lexicon().by_id and len(listed) > 4]
    dull = _scenes()["dull"]
    return tuple(named or [e for e in lexicon().nouns(*listed) if e["level"] <= 2 and e["en"]["word"] not in dull])


def noun_phrase(kind: str, pick: random.Random) -> Both:
    """A noun of the kind, as `kind+` with an adjective, as `kind#` counted, as `kind*` in the plural."""
    mode, base = (kind[-1], kind[:-1]) if kind[-1] in "+#*" else ("", kind)
    entry = pick.choice(_nouns(base))
    en, zh, classifier = entry["en"]["word"], entry["zh"]["word"], entry["zh"]["classifier"]
    if mode == "+":
        adjective = pick.choice(adjectives(entry["category"]))
        described = "" if zh.startswith("小") and adjective["zh"]["word"] == "小" else adjective["zh"]["with_de"]
        return thing(f"{adjective['en']['word']} {en}", described + zh, classifier)
    if mode == "#":
        number = pick.choice(NUMBERS)
        return thing(f"{number[0]} {entry['en']['plural']}", f"{number[1]}{classifier}{zh}", classifier)
    return thing(entry["en"]["plural"] if mode == "*" else en, zh, classifier, entry["en"]["plural"])


@cache
def adjectives(category: str) -> tuple[dict, ...]:
    """Adjectives that suit the category and a children's story."""
    allowed = set(_scenes()["adjectives"].get(category) or _scenes()["adjectives"]["any"])
    fitting = [a for a in lexicon().adjectives_for[category] if a["en"]["word"] in allowed]
    return tuple(fitting) or tuple(a for a in lexicon().adjectives_for["toy"] if a["en"]["word"] in ("big", "small"))


def _fill(scene: dict, lang: str, cast: dict, pick: random.Random, shared: random.Random) -> str:
    said = dict(cast)
    wording = pick.choice(scene[lang])
    for slot, kind in scene["slots"].items():
        one = Both(*map(_word, shared.choice(kind))) if isinstance(kind, list) else noun_phrase(kind, shared)
        said[slot] = getattr(one, lang)
    return wording.format_map(said)


def _word(text: str):
    return thing(text, text, None).en


def opening(plan: Plan, lang: str, cast: dict, pick: random.Random) -> str:
    """The composed first sentence: once upon a time, 从前."""
    shared = random.Random(f"opening-{plan.seed}")
    scenes = _scenes()["opening_animals" if plan.animals else "opening"]
    return _fill(shared.choice(scenes), lang, cast, pick, shared)


def background(plan: Plan, lang: str, cast: dict, pick: random.Random) -> list[str]:
    """None, one, two or three sentences about the hero's world; the same facts in both languages."""
    shared = random.Random(f"background-{plan.seed}")
    count = shared.choice((0, 1, 1, 2, 2, 3))
    scenes = [scene for scene in _scenes()["background"] if not (plan.animals and scene.get("human"))]
    return [_fill(scene, lang, cast, pick, shared) for scene in shared.sample(scenes, count)]


def scene_pair(plan: Plan, pick: random.Random) -> tuple[str, str]:
    """One composed sentence in both languages, with the same facts."""
    scene = pick.choice(_scenes()["background"] + _scenes()["opening_animals" if plan.animals else "opening"])
    seed = pick.random()
    first = pick.randrange(min(len(scene["en"]), len(scene["zh"])))
    scene = {**scene, "en": [scene["en"][first]], "zh": [scene["zh"][first]]}
    return tuple(
        _fill(scene, lang, {role: getattr(one, lang) for role, one in plan.cast.items()}, pick, random.Random(seed))
        for lang in ("en", "zh")
    )
