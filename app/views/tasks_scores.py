"""What the tab *Tasks* shows of the recorded evaluation: every job's score, and the loss by kind of text."""

import os
from functools import cache, partial
from pathlib import Path

import pandas as pd

from app import shipped
from app.companions import TWINS
from app.figures import tasks as figures
from app.session import Session
from app.views.panel import Picture, figure_words, panel
from app.words import say
from moe_core.evaluation import recording

EVALUATION = Path(os.environ.get("MOESCOPE_EVALUATION", shipped.TRACES / "evaluation.json"))
SCALE = {"chrf": 100}  # metrics that do not end at 1
SCORED = ("moe", *TWINS, "baseline")
READ = ("moe", *TWINS, "ngram", "xz")


@cache
def recorded(path: Path = EVALUATION) -> dict | None:
    """The shipped evaluation, or None when there is none that can be read."""
    try:
        return recording.load(path)
    except recording.RecordingError:
        return None


def note(session: Session) -> dict:
    """Which model was measured, and on how much; that there is no recording; that it is of another model."""
    found = recorded()
    if found is None:
        return {"kind": "problem", "text": say(session.language, "tasks.scores.missing")}
    settings = found["settings"]
    twins = "tasks.scores.twins" if settings["twins"] else "tasks.scores.no_twins"
    text = say(session.language, "tasks.scores.note", model=settings["model"], n=settings["documents"],
               tokens=f"{found['overall']['tokens']:,}", seconds=round(settings["seconds"]))
    other = session.trace.model_hash and session.trace.model_hash != settings["model_hash"]
    more = [say(session.language, twins)] + ([say(session.language, "tasks.scores.other")] if other else [])
    return {"kind": "done", "text": (" " if session.language == "en" else "").join([text, *more])}


def panel_value(name: str, session: Session) -> dict:
    """One panel of the scores; empty while nothing is recorded."""
    found = recorded()
    if found is None:
        return {}
    settings = found["settings"]
    badge = say(session.language, "tasks.badge.recorded", model=settings["model"], format=settings["format"],
                device=settings["device"])
    return panel(f"tasks.{name}", DRAWERS[name], session, badge)


def scores(session: Session) -> Picture:
    """Every job by every system."""
    found, speak = recorded()["tasks"], partial(say, session.language)
    rows = [(speak(f"tasks.scored.{name}"), f"{_job(name, row, speak)}, n = {row['n']}", system,
             *_scaled(row["metric"], row["metrics"][row["metric"]][system]))
            for name, row in found.items() for system in SCORED if system in row["metrics"][row["metric"]]]
    table = pd.DataFrame(rows, columns=["name", "label", "system", "value", "low", "high"])
    told = _list(session, [_told(name, row, speak) for name, row in found.items()])
    better = sum(row["baseline"] is not None and row["low"] > row["baseline"] for row in found.values())
    counts = [row["n"] for row in found.values()]
    facts = {"told": told, "least": min(counts), "most": max(counts), "better": better, "jobs": len(found),
             "chance": f"{found['retrieval']['chance']:.2f}", "library": found["retrieval"]["library"]}
    return Picture(figures.scores(table, labels=figure_labels(session)), table, facts)


def losses(session: Session) -> Picture:
    """Bits per byte of every kind of text by every system."""
    found, speak = recorded(), partial(say, session.language)
    kinds = {speak("tasks.domain.all"): found["overall"]} | {
        speak(f"tasks.domain.{name}"): row for name, row in found["domains"].items()}
    rows = [(name, f"{name}, n = {row['documents']}", system, row[system]["bits_per_byte"], row[system]["bits_low"],
             row[system]["bits_high"]) for name, row in kinds.items() for system in READ if row.get(system)]
    table = pd.DataFrame(rows, columns=["name", "label", "system", "value", "low", "high"])
    overall = found["overall"]
    bits = {system: f"{overall[system]['bits_per_byte']:.3f}" for system in ("moe", "ngram", "xz")}
    facts = {"n": overall["documents"], "tokens": f"{overall['tokens']:,}", "nats": f"{overall['moe']['nats']:.3f}",
             "sample": f"{found['settings']['training']:,}", "twin": _twin(overall, speak), **bits}
    return Picture(figures.losses(table, labels=figure_labels(session)), table, facts)


DRAWERS = {"scores": scores, "losses": losses}


def samples_value(session: Session, job: str) -> dict:
    """The first held-out examples of one job with the recorded answers, not the best ones."""
    found, speak = recorded(), partial(say, session.language)
    if found is None or not found["tasks"].get(job, {}).get("samples"):
        return {"rows": []}
    rows = []
    for number, sample in enumerate(found["tasks"][job]["samples"], 1):
        asked = sample["question"] or sample["text"]
        rows += [{"name": f"{number}", "prompt": asked, "same": "", "different": ""},
                 {"name": speak("tasks.row.answer"), "prompt": "", "same": sample["given"] or speak("tasks.nothing"),
                  "different": ""},
                 {"name": speak("tasks.row.wanted"), "prompt": sample["wanted"], "same": "", "different": ""}]
    return {"title": speak("tasks.samples.title"), "caption": speak("tasks.samples.caption", n=number), "rows": rows}


def figure_labels(session: Session) -> dict[str, str]:
    """The words inside this tab's figures."""
    return figure_words(session.language) | {key: say(session.language, f"tasks.figure.{key}") for key in figures.OWN}


def _job(name: str, row: dict, speak) -> str:
    return " · ".join([speak(f"tasks.scored.{name}"), speak("tasks.metric." + row["metric"])])


def _scaled(metric: str, score: dict) -> tuple[float, float, float]:
    scale = SCALE.get(metric, 1)
    return score["value"] / scale, score["low"] / scale, score["high"] / scale


def _told(name: str, row: dict, speak) -> str:
    digits = 1 if row["metric"] in SCALE else 2
    return speak("tasks.scores.told", job=_job(name, row, speak), value=f"{row['value']:.{digits}f}",
                 low=f"{row['low']:.{digits}f}", high=f"{row['high']:.{digits}f}", n=row["n"],
                 baseline=f"{row['baseline']:.{digits}f}",
                 baseline_name=speak("tasks.baseline." + row["baseline_name"]))


def _twin(overall: dict, speak) -> str:
    found = {name: overall.get(f"moe_minus_{name}") for name in TWINS}
    said = [speak("tasks.losses.twin", twin=speak(f"tasks.figure.{name}"),
                  **{part: f"{difference[part]:+.4f}" for part in ("nats", "low", "high")})
            for name, difference in found.items() if difference is not None]
    return speak("tasks.losses.twins", differences=speak("tasks.losses.and").join(said)) if said else speak(
        "tasks.losses.no_twin")


def _list(session: Session, parts: list[str]) -> str:
    return ("; " if session.language == "en" else "；").join(parts)
