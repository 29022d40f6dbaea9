"""A plan told in English and in Chinese, with its summary and the questions its telling answers.

It does not know where the documents go.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from functools import lru_cache

from moe_core.corpus.lexicon import WORLD
from moe_core.corpus.plan import FEELINGS, Plan, plots
from moe_core.corpus.scenes import background, opening
from moe_core.corpus.support import answered_by
from moe_core.corpus.templates import Paraphrase, chinese, english

LANGUAGES = ("en", "zh")
MAKE = {"en": english, "zh": chinese}


@dataclass(frozen=True)
class Event:
    """One event: its paraphrases, the ones that state the main fact, its questions and what answers them."""

    told: dict[str, tuple[Paraphrase, ...]]
    core: dict[str, tuple[int, ...]]
    questions: dict[str, tuple[tuple[str, str], ...]]
    support: dict[str, tuple[tuple[int, ...], ...]]
    layered: bool  # a second paraphrase may be added as a detail


@dataclass(frozen=True)
class Story:
    """One telling in one language."""

    lang: str
    text: str
    summary: str
    moral: str
    title: str
    questions: tuple[tuple[str, str], ...]
    feeling: str


@lru_cache(maxsize=1)
def events() -> dict[str, Event]:
    """Every event of the world by its id."""
    found = {}
    for path in sorted(WORLD.glob("events_*.json")):
        found |= {name: _event(raw) for name, raw in json.loads(path.read_text(encoding="utf-8")).items()}
    return found


def _event(raw: dict) -> Event:
    told = {lang: tuple(MAKE[lang](text) for text in raw[lang]) for lang in LANGUAGES}
    everything = {lang: tuple(range(len(raw[lang]))) for lang in LANGUAGES}
    core = {lang: tuple(raw["core"][lang]) for lang in LANGUAGES} if "core" in raw else everything
    questions = {
        lang: tuple((MAKE[lang](q).text, MAKE[lang](a).text) for q, a in raw["question"][lang]) for lang in LANGUAGES
    }
    support = raw.get("support") or {
        lang: [answered_by(q, a, raw[lang], lang) for q, a in raw["question"][lang]] for lang in LANGUAGES
    }
    return Event(told, core, questions, {k: tuple(map(tuple, v)) for k, v in support.items()}, "core" in raw)


def tell(plan: Plan, lang: str, telling: int = 0, latin_names: bool = False) -> Story:
    """The plan in one language; another `telling` chooses other words for the same events."""
    pick = random.Random(f"tell-{plan.seed}-{lang}-{telling}")
    cast = {role: getattr(one, lang) for role, one in plan.cast.items()}
    if latin_names and lang == "zh":
        cast = _with_latin_names(plan, cast)
    sentences, questions = _sentences(plan, lang, cast, pick)
    plot = plots()[plan.plot]
    summary, moral, title = (
        MAKE[lang](pick.choice(plot[what][lang])).text.format_map(cast) for what in ("summary", "moral", "title")
    )
    feeling = FEELINGS[plan.feeling][lang == "zh"]
    return Story(lang, _join(sentences, lang, pick), summary, moral, title, tuple(questions), feeling)


def _with_latin_names(plan: Plan, cast: dict) -> dict:
    changed = dict(cast)
    for role in ("hero", "friend"):
        if role in plan.cast and plan.cast[role].gender:
            word = type(cast[role])(str(plan.cast[role].en))
            word.__dict__.update(cast[role].__dict__)
            changed[role] = word
    return changed


def _sentences(plan: Plan, lang: str, cast: dict, pick: random.Random) -> tuple[list[str], list]:
    sentences, questions, last = [], [], None
    steps = plan.events
    opened = plan.opener and steps[0].startswith(("op_", "b_open"))
    if opened:
        sentences += [opening(plan, lang, cast, pick), *background(plan, lang, cast, pick)]
        steps, last = steps[1:], "hero" if len(sentences) == 1 else None
    for number, name in enumerate(steps):
        event = events()[name]
        for index in _chosen(event, lang, pick):
            said, last = _say(event.told[lang][index], cast, last, number > 1, pick)
            sentences.append(said)
            questions += _questions(event, lang, index, cast)
        if number == 0 and not opened:
            scenes = background(plan, lang, cast, pick)
            sentences += scenes
            last = None if scenes else last
    return sentences, list(dict.fromkeys(questions))


def _chosen(event: Event, lang: str, pick: random.Random) -> list[int]:
    first = pick.choice(event.core[lang])
    detail = [i for i in range(len(event.told[lang])) if i not in event.core[lang]]
    return [first, pick.choice(detail)] if event.layered and detail and pick.random() < 0.4 else [first]


def _say(paraphrase: Paraphrase, cast: dict, last: str | None, linked: bool, pick: random.Random) -> tuple:
    """The filled paraphrase, and who a pronoun would now mean."""
    use_pronoun = last == "hero" and pick.random() < 0.65
    form = paraphrase.with_pronoun if use_pronoun else paraphrase.text
    text = (_linked(form, pick) if linked else form).format_map(cast)
    named = set(paraphrase.people)
    last = "hero" if named == {"hero"} else None if named else last
    return text, last


# what begins a state, not a next step
NO_LINK = ("and ", "had ", "loved ", "liked ", "was ", "lived ", "knew ", "'s", "never", "always", "的", "家", "，",
           "和", "有", "住", "最", "很", "是", "总", "从来", "跟", "与", "同", "、")
LINKS = {
    "{hero.They} ": (("Then {hero.they} ", "So {hero.they} ", "After that, {hero.they} ", "Soon {hero.they} "), 0.3),
    "{hero.Cap} ": (("Then {hero} ", "After that, {hero} ", "A little later, {hero} ", "So {hero} "), 0.12),
    "{hero.ta}": (("接着，{hero.ta}", "于是，{hero.ta}", "然后{hero.ta}", "过了一会儿，{hero.ta}"), 0.3),
    "{hero}": (("接着，{hero}", "于是，{hero}", "后来，{hero}", "不久，{hero}"), 0.1),
}


def _linked(form: str, pick: random.Random) -> str:
    """Now and then a connective before the hero as subject."""
    for start, (links, chance) in LINKS.items():
        if form.startswith(start):
            rest = form[len(start):]
            fits = not rest.startswith(NO_LINK)
            return pick.choice(links) + rest if fits and pick.random() < chance else form
    return form


def _questions(event: Event, lang: str, index: int, cast: dict) -> list[tuple[str, str]]:
    return [
        (question.format_map(cast), answer.format_map(cast))
        for (question, answer), support in zip(event.questions[lang], event.support[lang], strict=True)
        if index in support
    ]


def _join(sentences: list[str], lang: str, pick: random.Random) -> str:
    """Sentences into paragraphs: most stories are one block, some break once or twice."""
    glue = " " if lang == "en" else ""
    if len(sentences) < 7 or pick.random() < 0.45:
        return glue.join(sentences)
    third = pick.randint(3, len(sentences) - 3)
    return glue.join(sentences[:third]) + "\n" + glue.join(sentences[third:])
