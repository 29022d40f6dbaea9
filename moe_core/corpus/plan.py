"""A seeded semantic plan: which plot, who plays, and what happens in which order.

It does not know words; the surfaces in story.py do.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from functools import lru_cache

from moe_core.corpus.cast import roles
from moe_core.corpus.lexicon import WORLD, Both

FEELINGS = {"happy": ("happy", "高兴"), "proud": ("proud", "自豪"), "calm": ("calm", "平静"),
            "thankful": ("thankful", "感激")}


@dataclass(frozen=True)
class Plan:
    """What a story says, before it is said in any language."""

    seed: int
    plot: str
    cast: dict[str, Both]
    events: tuple[str, ...]
    feeling: str
    opener: bool  # the story begins with a composed "Once upon a time" instead of the plot's own opening
    animals: bool  # the children and the grown-ups are animals


@lru_cache(maxsize=1)
def plots() -> dict[str, dict]:
    """Every plot of the world by its id."""
    found = {}
    for path in sorted(WORLD.glob("plots_*.json")):
        found |= json.loads(path.read_text(encoding="utf-8"))
    return found


@lru_cache(maxsize=1)
def plot_ids() -> tuple[str, ...]:
    """The plots in a fixed order."""
    return tuple(sorted(plots()))


def plan_story(seed: int) -> Plan:
    """The plan of one seed: always the same."""
    pick = random.Random(f"plan-{seed}")
    plot_id = pick.choice(plot_ids())
    plot = plots()[plot_id]
    events = tuple(_expand(plot["events"], pick))
    animals = pick.random() < 0.25
    opener = animals or pick.random() < 0.4
    return Plan(seed, plot_id, _cast(plot, animals, pick), events, plot["feeling_end"], opener, animals)


def _expand(steps: list, pick: random.Random) -> list[str]:
    events = []
    for step in steps:
        if isinstance(step, str):
            events.append(step)
        elif "any" in step:
            events.append(pick.choice(step["any"]))
        elif "maybe" in step:
            events += [step["maybe"]] * (pick.random() < 0.55)
        else:
            events += pick.sample(step["shuffle"], len(step["shuffle"]))
    return list(dict.fromkeys(events))


ANIMALS = {"child": "animal_child", "adult": "animal_adult", "neighbor": "animal_adult", "teacher": "animal_adult"}


def _cast(plot: dict, animals: bool, pick: random.Random) -> dict[str, Both]:
    wanted = {"friend": "child", "elder": "elder", "helper": "adult"} | plot["cast"]
    cast, taken = {}, set()
    for role, category in wanted.items():
        fitting = roles()[ANIMALS.get(category, category) if animals else category]
        cast[role] = pick.choice([one for one in fitting if str(one.en) not in taken] or fitting)
        taken.add(str(cast[role].en))
    if "feeling" in plot["cast"]:
        feeling = FEELINGS[plot["feeling_end"]][0]
        cast["feeling"] = next(f for f in roles()["feeling_good"] if str(f.en) == feeling)
    return cast
