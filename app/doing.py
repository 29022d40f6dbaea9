"""From a visitor's job in the tab *Tasks* to an answer with its routing: the engine is asked, results come back.

It knows no components and no words.
"""

import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache, partial
from threading import Event

from app import limits
from app.engine import Engine
from app.limits import Refusal
from app.working import Answered, Hit, Prepared, Searched
from moe_core.sampling import Sampling
from moe_core.tasks.prompts import ANSWERING, LANGUAGES, MOST_TOKENS, RETRIEVAL, ends_at_line, prompt_of
from moe_core.text.cleaning import clean
from moe_core.text.scripts import language_of
from moe_core.tracing.trace import RoutingTrace

HITS = 3
_indexing = threading.Lock()


def refuse(engine: Engine, job: str, text: str, question: str) -> Refusal | None:
    """Why this job cannot be done on this text; None when it can."""
    refusal = limits.refuse_prompt(text, limits.MAX_COMPARED_CHARACTERS)
    if refusal is None and job == ANSWERING:
        refusal = limits.refuse_prompt(question)
        refusal = Refusal("tasks.refuse.question", {}) if refusal and refusal.key == "refuse.empty" else refusal
    if refusal is not None or job == RETRIEVAL:
        return refusal
    prompt = prompt_of(job, language(text, question), text, question)
    return limits.refuse_tokens(engine.count_tokens(prompt), engine.context - 8)  # room for a few words of answer


def language(text: str, question: str = "") -> str:
    """The language of a job: its question's, else its text's; a text in neither counts as English."""
    found = language_of(question) if question.strip() else language_of(text)
    return found if found in LANGUAGES else "en"


def answered(engine: Engine, job: str, text: str, question: str, stop: Event) -> Iterator[Answered]:
    """The growing answer; it ends at the line's end where the job's answer is one line."""
    prompt = prompt_of(job, language(text, question), text, question)
    for trace in engine.stream(prompt, Sampling(max_new_tokens=MOST_TOKENS[job]), stop):
        end = line_end(trace) if ends_at_line(job) else None
        if end is not None:
            short = trace.upto(end)
            yield Answered(job, text, question, replace(short, settings={**short.settings, "stopped": "end"}))
            return
        yield Answered(job, text, question, trace)


def with_wanted(done: Answered, wanted: str) -> Answered:
    """The same with what an example asks for."""
    return replace(done, wanted=wanted)


def line_end(trace: RoutingTrace) -> int | None:
    """The position of the first line end that was generated."""
    return next((at for at, (piece, phase) in enumerate(zip(trace.pieces, trace.phase, strict=True))
                 if phase == "generated" and "\n" in piece.text), None)


def searched(engine: Engine, question: str) -> Searched:
    """The nearest stories of the library in the question's language, by hidden states and by shared words."""
    shelf, states, words = _indices(engine, language(question))
    with engine.turn():
        near = states.likeness([question])[0]
    found = (near, words.likeness([question])[0])
    return Searched(question, *(_hits(shelf, likeness) for likeness in found), len(shelf))


def prepared(engine: Engine, typed: str) -> Prepared:
    """Cleaned, segmented, tagged, its names found; tokens and word vectors if the model is there."""
    from moe_core.text.names import names
    from moe_core.text.tags import words

    cleaned = clean(typed)
    found = words(cleaned.text)
    spelled = [cleaned.text[word.start:word.end] for word in found]
    named = tuple((cleaned.text[name.start:name.end], name.kind) for name in names(cleaned.text, found))
    tagged = tuple(zip(spelled, (word.part_of_speech or "" for word in found), strict=True))
    plain = Prepared(typed, cleaned.text, cleaned.changes, tagged, named, ())
    if engine.wait().name != "ready":
        return plain
    from moe_core.tasks.word_map import word_map

    tokenizer = engine.loaded.tokenizer
    pieces = tuple(piece.label for piece in tokenizer.pieces(tokenizer.encode(cleaned.text)))
    with engine.turn():
        mapped = word_map(engine.loaded, [word for word, tag in tagged if tag not in ("PUNCT", "SYM")])
    return replace(plain, pieces=pieces, map=mapped.table, kept=mapped.kept)


def _hits(shelf, likeness) -> tuple[Hit, ...]:
    from moe_core.tasks.retrieval import nearest

    return tuple(Hit(shelf[place].title, shelf[place].text, nearness) for place, nearness in nearest(likeness, HITS))


def _indices(engine: Engine, language: str):
    with _indexing:  # whoever comes second finds the library indexed
        return _index(engine, engine.loaded.hash, language)


@lru_cache(maxsize=4)
def _index(engine: Engine, model_hash: str, language: str):
    from moe_core.tasks.embedding import read_states
    from moe_core.tasks.library import library
    from moe_core.tasks.retrieval import StateIndex, WordIndex

    shelf = [story for story in library() if story.language == language]
    texts = [f"{story.title}\n{story.text}" for story in shelf]
    return shelf, StateIndex(partial(read_states, engine.loaded), texts), WordIndex(texts)
