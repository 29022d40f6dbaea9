"""The line under the prompt: how far the model is, how a run went, or why nothing runs."""

from app import limits
from app.engine import Stage
from app.limits import Refusal
from app.session import Session
from app.words import say

KIND_OF_STAGE = {"waiting": "busy", "loading": "busy", "ready": "quiet", "broken": "problem"}


def stage_line(stage: Stage, language: str) -> dict:
    """What the model behind the page is doing."""
    text = say(language, f"stage.{stage.name}", seconds=int(stage.seconds), error=stage.error)
    return {"kind": KIND_OF_STAGE[stage.name], "text": text}


def run_line(session: Session) -> dict:
    """How the visitor's run goes or went; the address bar learns how to restore it."""
    phases, stopped = session.trace.phase, session.trace.settings.get("stopped")
    counts = {"prompt": phases.count("prompt"), "generated": phases.count("generated")}
    text = say(session.language, f"run.{stopped or 'growing'}", seconds=int(limits.SECONDS_PER_RUN), **counts)
    return {"kind": "done" if stopped else "busy", "text": text, "query": session.link or None}


def refusal_line(refusal: Refusal, language: str) -> dict:
    """Why nothing runs."""
    return {"kind": "problem", "text": say(language, refusal.key, **refusal.values)}


def opened_line(session: Session) -> dict:
    """Which run a visitor has opened from a file."""
    trace = session.trace
    return {"kind": "done", "text": say(session.language, "run.opened", model=trace.model, tokens=len(trace.token_ids),
                                        layers=len(trace.layers), experts=trace.experts)}


def resting_line(session: Session) -> dict:
    """What to say when nothing is running: how the visitor's last run went, if there was one."""
    return {} if session.recorded else run_line(session)
