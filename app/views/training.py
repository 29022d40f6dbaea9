"""What the tab *Train it yourself* says of a run: how it goes, its numbers, what it writes."""

from functools import partial

from app.figures import training as figures
from app.session import Session
from app.training_state import LAB, WORDS, TrainingRun
from app.views.panel import Picture, figure_words, panel
from app.words import say

MOST_SAMPLES = 8


def status_line(run: TrainingRun | None, place: int, language: str) -> dict:
    """How the run goes or went, in one line."""
    speak = partial(say, language)
    if run is None:
        return {"kind": "quiet", "text": speak("training.status.none")}
    if run.state == "waiting":
        return {"kind": "busy", "text": speak("training.status.waiting", place=place)}
    facts = facts_of(run)
    if run.state == "paused":
        return {"kind": "done", "text": speak("training.status.paused", **facts)}
    if run.state == "running":
        key = "running" if run.told("step") else "starting" if run.reports else "process"
        return {"kind": "busy", "text": speak(f"training.status.{key}", **facts)}
    return _over(run, facts, speak)


def facts_of(run: TrainingRun) -> dict:
    """What the sentences of the status line are filled with."""
    last = {**run.last("step"), **run.last("done")}
    dials = run.job["dials"]
    total = run.last("begun").get("total") or dials.get("steps") or dials.get("epochs", 10)
    return {"step": last.get("step") or 0, "total": total,
            "seconds": f"{last.get('seconds') or 0:.0f}", "rate": f"{dials.get('learning_rate', 0):g}",
            "at": last.get("at") or (last.get("step") or 0) + 1}


def samples_value(run: TrainingRun | None, kind: str, language: str) -> dict | None:
    """What the model wrote along the way, the latest last; None before it wrote."""
    told = [report for report in (run.reports if run else []) if report.get("sample") is not None]
    told = [report for report in told if report["kind"] == "step" or report.get("state") != "finished"]
    rows = [_sample(report, kind, language) for report in told[-MOST_SAMPLES:]]
    if not rows:
        return None
    return {"title": say(language, f"training.{kind}.samples.title"), "rows": rows,
            "caption": say(language, f"training.{kind}.samples.caption", n=len(rows))}


def panel_of(name: str, draw, session: Session, run: TrainingRun | None) -> dict:
    """One panel of a run; empty while it has told nothing to draw."""
    if run is None or not run.told("step"):
        return {}
    precision = run.job["dials"].get("precision", "fp32").replace("_router_fp32", " + fp32")
    badge = say(session.language, "badge.measured", format=precision, device="CPU")
    return panel(f"training.{name}", draw, session, badge)


def figure_labels(language: str) -> dict[str, str]:
    """The words inside this tab's figures."""
    return figure_words(language) | {key: say(language, f"training.figure.{key}") for key in figures.OWN}


def recorded(session: Session, picture: Picture, name: str) -> dict:
    """A panel of recorded numbers."""
    return panel(f"training.{name}", lambda _: picture, session,
                 say(session.language, "badge.recorded", format="fp32", device="CPU"))


def number(value: float | None, digits: int = 3) -> str:
    return "–" if value is None or value != value else f"{value:.{digits}f}"


def refusal_text(reason: str, values: dict, language: str) -> str:
    """Why the laboratory refuses something, in the visitor's language."""
    return say(language, f"training.refuse.{reason}", **values)


def _over(run: TrainingRun, facts: dict, speak) -> dict:
    if run.outcome == "refused":
        last = run.last("refused")
        return {"kind": "problem", "text": speak(f"training.refuse.{last['reason']}", **last["values"])}
    if run.outcome == "failed":
        return {"kind": "problem", "text": speak("training.status.failed", error=run.last("failed").get("error", "–"))}
    if run.outcome == "diverged":
        room = {LAB: "lab", WORDS: "words"}[run.job["kind"]]
        return {"kind": "problem", "text": speak(f"training.status.diverged.{room}", **facts)}
    return {"kind": "done", "text": speak(f"training.status.{run.outcome}", **facts)}


def _sample(report: dict, kind: str, language: str) -> dict:
    name = say(language, f"training.{kind}.sample", step=report["step"])
    text = report["sample"]
    if isinstance(text, list):
        return {"name": name, "prompt": f"{text[0]} ", "same": " ".join(text[1:]), "different": ""}
    return {"name": name, "prompt": "", "same": text, "different": ""}
