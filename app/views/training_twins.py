"""What the part on dense twins shows: recorded losses side by side, what a token costs, and both continuations."""

from functools import lru_cache, partial
from pathlib import Path

import pandas as pd

from app import shipped
from app.companions import NEW_TOKENS, TWINS
from app.figures import training_twins as figures
from app.session import Session
from app.views.panel import Picture, figure_words, panel
from app.views.training_boxes import domain_name, evaluated
from app.words import say

POSITION = 128  # tokens before the one whose cost is counted
SYSTEMS = ("moe", *TWINS)


def line(session: Session) -> dict:
    """Which twins ship, or that none does."""
    there = [name for name in TWINS if shipped.twin_folder(name) is not None]
    speak = partial(say, session.language)
    if not there:
        return {"kind": "problem", "text": speak("twins.missing", model=shipped.MODEL.name)}
    comma = ", " if session.language == "en" else "、"
    told = comma.join(f"{shipped.twin_folder(name).name} ({speak(f'twins.{name}')})" for name in there)
    missing = [speak("twins.one_missing", twin=speak(f"twins.{name}")) for name in TWINS if name not in there]
    return {"kind": "done", "text": (" " if session.language == "en" else "").join([
        speak("twins.there", twins=told), *missing])}


def costs_value(session: Session) -> dict:
    """Parameters and multiplications of every system that ships, counted; times once they have been measured."""
    speak, folders = partial(say, session.language), _folders()
    written = dict(session.training.twins)
    rows = []
    for name, folder in folders.items():
        counted, one = _cost(folder, _stamp(folder)), written.get(name)
        took = [f"{one.typical:.2f}", f"n = {len(one.milliseconds)}"] if one and one.milliseconds else ["–", ""]
        rows.append({"cells": [[speak(f"twins.{name}"), folder.name], [f"{counted.parameters:,}", ""],
                               [f"{counted.active:,}", ""], [f"{counted.macs / 1e6:.2f} M", ""], took],
                     "marked": name == "moe"})
    if not rows:
        return {}
    badge = speak("twins.costs.badge.measured" if written else "twins.costs.badge")
    return {"title": speak("twins.costs.title"), "badge": badge,
            "caption": speak("twins.costs.caption", position=POSITION),
            "head": [speak(f"twins.column.{name}") for name in ("system", "total", "active", "macs", "time")],
            "rows": rows, "csv_hint": speak("panel.csv", title=speak("twins.costs.title"))}


def losses_value(session: Session) -> dict:
    """Losses by kind of text, or that the evaluation has no twins."""
    speak, found = partial(say, session.language), evaluated()
    title = speak("twins.losses.title")
    if found is None or not found["settings"]["twins"]:
        return {"title": title, "caption": speak("twins.losses.missing")}
    twins = [name for name in TWINS if found["overall"].get(name)]
    head = ["kind", "n", "moe", *(column for name in twins for column in (name, f"{name}.less"))]
    rows = [{"cells": [[name, ""], [f"{row['documents']:,}", ""], _loss(row["moe"]), *(
        cell for twin in twins for cell in (_loss(row[twin]), _loss(row[f"moe_minus_{twin}"], "+")))],
        "marked": place == 0} for place, (name, row) in enumerate(_kinds(found, session).items())]
    return {"title": title, "badge": _badge(session, found["settings"]),
            "caption": speak("twins.losses.caption", **_facts(found)),
            "head": [speak(f"twins.column.{name}") for name in head], "rows": rows,
            "csv_hint": speak("panel.csv", title=title)}


def figure_value(session: Session) -> dict:
    """The differences as a picture; empty while no twin has been evaluated."""
    found = evaluated()
    if found is None or not found["settings"]["twins"]:
        return {}
    return panel("twins.differences", differences, session, _badge(session, found["settings"]))


def differences(session: Session) -> Picture:
    """The mixture less each twin, by kind of text."""
    found = evaluated()
    rows = [(name, twin, row["documents"], *(row[f"moe_minus_{twin}"][part] for part in ("nats", "low", "high")))
            for name, row in _kinds(found, session).items() for twin in TWINS if row.get(f"moe_minus_{twin}")]
    table = pd.DataFrame(rows, columns=["name", "twin", "documents", "nats", "low", "high"])
    facts = _facts(found) | {"better": int((table["high"] < 0).sum()), "worse": int((table["low"] > 0).sum()),
                             "rows": len(table)}
    words = figure_words(session.language) | {key: say(session.language, f"twins.figure.{key}") for key in figures.OWN}
    return Picture(figures.differences(table, labels=words), table, facts)


def texts_value(session: Session, prompt: str, seed: int, temperature: float) -> dict | None:
    """What everybody wrote, marked from where it parts from the mixture's; None before."""
    written = dict(session.training.twins)
    if not written:
        return None
    own, speak = written["moe"].text, partial(say, session.language)
    rows = []
    for name, one in written.items():
        same = own if name == "moe" else _common(own, one.text)
        rows.append({"name": speak(f"twins.{name}"), "prompt": prompt, "same": same, "different": one.text[len(same):]})
    return {"title": speak("twins.texts.title"), "rows": rows, "caption": speak(
        "twins.texts.caption", seed=seed, temperature=f"{temperature:g}", most=NEW_TOKENS)}


def losses(session: Session) -> Picture:
    """The recorded losses as a table to take away."""
    found = evaluated()
    rows = [{"kind": name, "documents": row["documents"], "tokens": row["tokens"], "system": system,
             **{part: row[system][part] for part in ("nats", "low", "high")}}
            for name, row in _kinds(found, session).items() for system in SYSTEMS if row.get(system)]
    return Picture(None, pd.DataFrame(rows), {})


def costs(session: Session) -> Picture:
    """The counted costs as a table to take away."""
    written = dict(session.training.twins)
    rows = [{"system": name, "model": folder.name, **vars(_cost(folder, _stamp(folder))),
             "milliseconds": written[name].typical if name in written else None} for name, folder in _folders().items()]
    return Picture(None, pd.DataFrame(rows), {})


def _common(one: str, other: str) -> str:
    """How both begin."""
    parts = (place for place, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1])
    return one[:next(parts, min(len(one), len(other)))]


def _folders() -> dict[str, Path]:
    found = {"moe": shipped.MODEL} | {name: shipped.twin_folder(name) for name in TWINS}
    return {name: folder for name, folder in found.items() if folder is not None and any(folder.glob("*.safetensors"))}


def _kinds(found: dict, session: Session) -> dict[str, dict]:
    return {say(session.language, "tasks.domain.all"): found["overall"]} | {
        domain_name(name, session.language): row for name, row in found["domains"].items()}


def _loss(row: dict, sign: str = "") -> list[str]:
    return [f"{row['nats']:{sign}.3f}", f"{row['low']:{sign}.3f} – {row['high']:{sign}.3f}"]


def _facts(found: dict) -> dict:
    settings = found["settings"]
    return {"n": f"{found['overall']['documents']:,}", "tokens": f"{found['overall']['tokens']:,}",
            "model": settings["model"], "twins": ", ".join(twin["model"] for twin in settings["twins"].values())}


def _badge(session: Session, settings: dict) -> str:
    return say(session.language, "tasks.badge.recorded", model=settings["model"], format=settings["format"],
               device=settings["device"])


def _stamp(folder: Path) -> int:
    return (folder / "config.json").stat().st_mtime_ns


@lru_cache(maxsize=8)
def _cost(folder: Path, changed: int):
    from moe_core.evaluation.side_by_side import cost

    return cost(folder, POSITION)
