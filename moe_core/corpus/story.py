"""A plan told in English and in Chinese, with its summary and the questions its telling answers.

It does not know where the documents go.
"""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass
from functools import lru_cache

from moe_core.corpus.cast import is_pinyin
from moe_core.corpus.lexicon import WORLD
from moe_core.corpus.plan import FEELINGS, Plan, plots
from moe_core.corpus.scenes import background, opening
from moe_core.corpus.support import answered_by
from moe_core.corpus.templates import Paraphrase, chinese, english
from moe_core.corpus.voice import link, manner

LANGUAGES = ("en", "zh")
OPENINGS = ("op_", "b_open")
HUMAN = re.compile(
    r"\b(child|children|boy|girl|kid|finger|toes|cheek|ears|hair|shoes?)\w*\b|孩子|男孩|女孩|手指|耳朵|头发|脸蛋"
)  # what a told animal cannot be or have
ABOUT_TEXT = ("described", "写的是", "说的是什么工作")  # unclear once the event stands inside a story
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
    return Event(told, core, questions, {lang: _support(raw, lang) for lang in LANGUAGES}, "core" in raw)


def _support(raw: dict, lang: str) -> tuple[tuple[int, ...], ...]:
    """For each question the paraphrases that answer it; none for a question about the text itself."""
    listed = raw.get("support", {}).get(lang)
    found = listed or [answered_by(question, answer, raw[lang], lang) for question, answer in raw["question"][lang]]
    about_text = [any(words in question for words in ABOUT_TEXT) for question, _ in raw["question"][lang]]
    return tuple(() if skip else tuple(support) for skip, support in zip(about_text, found, strict=True))


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


def told_pair(plan: Plan, english_form: str, chinese_form: str) -> tuple[str, str]:
    """Two templates of the same meaning, filled with the plan's cast."""
    return (english(english_form).text.format_map({role: one.en for role, one in plan.cast.items()}),
            chinese_form.format_map({role: one.zh for role, one in plan.cast.items()}))


def _with_latin_names(plan: Plan, cast: dict) -> dict:
    changed = dict(cast)
    for role in ("hero", "friend"):
        if role in plan.cast and not plan.animals and not is_pinyin(plan.cast[role]):
            word = type(cast[role])(str(plan.cast[role].en))
            word.__dict__.update(cast[role].__dict__)
            changed[role] = word
    return changed


def _sentences(plan: Plan, lang: str, cast: dict, pick: random.Random) -> tuple[list[str], list]:
    sentences, questions, last = [], [], None
    steps = plan.events
    opened = plan.opener and (plan.animals or steps[0].startswith(OPENINGS))
    if opened:
        sentences += [opening(plan, lang, cast, pick), *background(plan, lang, cast, pick)]
        steps = steps[1:] if steps[0].startswith(OPENINGS) else steps
        last = "hero" if len(sentences) == 1 else None
    for number, name in enumerate(steps):
        event = events()[name]
        for index in _chosen(event, lang, plan.animals, pick):
            form, last = _form(event.told[lang][index], last, pick)
            if number > 1:
                form = link(form, lang, number > 0.7 * len(steps), pick)
            sentences.append(manner(form, lang, pick).format_map(cast))
            questions += _questions(event, lang, index, cast)
        if number == 0 and not opened:
            scenes = background(plan, lang, cast, pick)
            sentences += scenes
            last = None if scenes else last
    return sentences, list(dict.fromkeys(questions))


def _chosen(event: Event, lang: str, animals: bool, pick: random.Random) -> list[int]:
    fitting = [i for i, told in enumerate(event.told[lang]) if not (animals and HUMAN.search(told.text))]
    first = pick.choice([i for i in fitting if i in event.core[lang]] or event.core[lang])
    detail = [i for i in fitting if i not in event.core[lang]]
    return [first, pick.choice(detail)] if event.layered and detail and pick.random() < 0.4 else [first]


def _form(paraphrase: Paraphrase, last: str | None, pick: random.Random) -> tuple[str, str | None]:
    """The paraphrase with the hero's name or a pronoun, and whom a pronoun would mean after it."""
    use_pronoun = last == "hero" and pick.random() < 0.65
    named = set(paraphrase.people)
    after = "hero" if named == {"hero"} else None if named else last
    return paraphrase.with_pronoun if use_pronoun else paraphrase.text, after


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
