"""What the tab *Tasks* shows of a visitor's job: the answer, its strip, and the stories that were found."""

from functools import partial

from app.session import Session
from app.views.strip import strip
from app.words import say
from app.working import Hit
from moe_core.tasks.prompts import RETRIEVAL

LONGEST_SHOWN = 420  # characters of a text that was given or found


def answer_value(session: Session, decode) -> dict:
    """What was given, what the model answered, and, for an example, what is wanted."""
    done = session.working.answered
    if done is None or done.job != session.working.job:
        return {}
    speak = partial(say, session.language)
    answer = decode(done.trace.token_ids[done.trace.phase.count("prompt"):].tolist()).strip()
    given = [_row(speak("tasks.row.given"), _short(done.text))]
    asked = [_row(speak("tasks.row.question"), done.question)] if done.question.strip() else []
    wanted = [_row(speak("tasks.row.wanted"), done.wanted)] if done.wanted else []
    caption = speak("tasks.answer.caption", prompt=done.trace.phase.count("prompt"),
                    n=done.trace.phase.count("generated"), model=done.trace.model)
    return {"title": speak(f"tasks.answer.{done.job}"), "caption": caption,
            "rows": [*given, *asked, {**_row(speak("tasks.row.answer"), ""), "same": answer or speak("tasks.nothing")},
                     *wanted]}


def strip_value(session: Session) -> dict:
    """The tokens of prompt and answer at the chosen layer."""
    working = session.working
    if working.answered is None:
        return {"tokens": []}
    return strip(working.answered.trace, working.layer, working.position, session.language)


def found_value(session: Session, way: str) -> dict:
    """The nearest stories by hidden states, or by shared words."""
    searched = session.working.searched
    if searched is None or session.working.job != RETRIEVAL:
        return {}
    speak = partial(say, session.language)
    hits = searched.by_states if way == "states" else searched.by_words
    return {"title": speak(f"tasks.found.{way}"),
            "caption": speak(f"tasks.found.{way}.caption", n=searched.stories),
            "rows": [_hit(number, hit) for number, hit in enumerate(hits, 1)]}


def status_line(session: Session, growing: bool) -> dict:
    """How the job goes or went."""
    done = session.working.answered
    stopped = "growing" if growing else done.trace.settings.get("stopped") or "growing"
    key = f"tasks.status.{stopped if stopped in ('growing', 'end', 'length') else 'cut'}"
    text = say(session.language, key, n=done.trace.phase.count("generated"))
    return {"kind": "busy" if growing else "done", "text": text}


def resting_line(session: Session) -> dict:
    """How the last run of the chosen job went; nothing where there was none."""
    working = session.working
    if working.job == RETRIEVAL and working.searched is not None:
        return {"kind": "done", "text": say(session.language, "tasks.status.found", n=working.searched.stories)}
    shown = working.answered is not None and working.answered.job == working.job
    return status_line(session, growing=False) if shown else {}


def hint(session: Session) -> dict:
    """How the job is put to the model."""
    return {"text": say(session.language, f"tasks.hint.{session.working.job}")}


def _hit(number: int, hit: Hit) -> dict:
    title = f"{hit.title} · " if hit.title else ""
    return _row(f"{number} · {hit.nearness:.2f}", f"{title}{_short(hit.text)}")


def _row(name: str, text: str) -> dict:
    return {"name": name, "prompt": text, "same": "", "different": ""}


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN].rstrip()} …"
