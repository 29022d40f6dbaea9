"""What the scrubber shows: the recorded snapshots of the shipped run, and of the run without balance loss beside it."""

import os
from functools import partial
from pathlib import Path

import pandas as pd

from app import shipped
from app.figures import training_scrubber as figures
from app.session import Session
from app.views import experts_training
from app.views.panel import Picture, figure_words, panel, percent
from app.words import say
from moe_core.tracing.settling import Settling

UNBALANCED = Path(os.environ.get("MOESCOPE_UNBALANCED", shipped.TRACES / "unbalanced.json"))
MAPS = ("load", "languages")
COURSES = {"saturation": ("saturation", "share"), "max_violation": ("balance", "max_violation"),
           "bits": ("information", "bits")}  # name: table, column
PANELS = ("load.balanced", "load.unbalanced", "languages.balanced", "languages.unbalanced", *COURSES)


def runs() -> dict[str, Settling]:
    """The recordings that can be read, by run."""
    places = {"balanced": experts_training.RECORDING, "unbalanced": UNBALANCED}
    found = {run: experts_training.read(path) for run, path in places.items()}
    return {run: recording for run, recording in found.items() if recording is not None}


def steps() -> list[int]:
    """Every step that was recorded of either run."""
    return sorted({step for recording in runs().values() for step in recording.settings["steps"]})


def step_of(session: Session) -> int:
    """The step that the slider stands at; 0 where nothing is recorded."""
    known = steps()
    return known[min(session.training.moment, len(known) - 1)] if known else 0


def line(session: Session) -> dict:
    """Where the slider stands, and what is not recorded."""
    known, speak, moments = runs(), partial(say, session.language), steps()
    told = [speak("scrubber.at", step=f"{step_of(session):,}", last=f"{moments[-1]:,}", n=len(moments))
            ] if known else []
    told += [speak(f"scrubber.missing.{run}") for run in ("balanced", "unbalanced") if run not in known]
    other = [recording for run, recording in known.items() if run == "balanced"
             and recording.settings["model_hash"] != shipped.hash_of(shipped.MODEL)]
    told += [speak("pipeline.other", model=recording.settings["model"], own=shipped.MODEL.name) for recording in other]
    return {"kind": "done" if known else "problem", "text": (" " if session.language == "en" else "").join(told)}


def numbers(session: Session) -> list[dict]:
    """MaxVio, idle experts and saturation at this step, run beside run."""
    found, speak, rows = runs(), partial(say, session.language), []
    for run, recording in found.items():
        step = at(recording, step_of(session))
        balance, share = (table[table["step"] == step] for table in (recording.balance, recording.saturation))
        values = {"violation": f"{balance['max_violation'].max():.2f}",
                  "idle": f"{int(balance['idle'].sum())} / {recording.settings['experts'] * len(balance)}",
                  "final": percent(share["share"].mean())}
        facts = {"step": f"{step:,}", "run": speak(f"scrubber.run.{run}"), "chance": percent(share["chance"].iloc[0]),
                 "even": f"{balance['chance'].mean():.2f}", "n": recording.settings["tokens"]}
        rows += [{"name": f"{speak(f'scrubber.number.{name}')} · {facts['run']}", "value": value,
                  "note": speak(f"scrubber.number.{name}.note", **facts)} for name, value in values.items()]
    return rows


def panel_value(name: str, session: Session) -> dict:
    """One panel; the load of a run that is not recorded says which command makes it, the rest stays empty."""
    kind, _, run = name.partition(".")
    found = runs()
    if kind in COURSES:
        table = getattr(next(iter(found.values())), COURSES[kind][0]) if found else pd.DataFrame()
        return panel(f"scrubber.{kind}", DRAWERS[name], session, _badge(session, found)) if len(table) else {}
    if run not in found:
        told = {part: say(session.language, f"scrubber.missing.{run}{part}") for part in (".title", "")}
        return {"title": told[".title"], "caption": told[""]} if kind == "load" else {}
    if getattr(found[run], kind).empty:
        return {}
    return panel(f"scrubber.{kind}", DRAWERS[name], session, _badge(session, {run: found[run]}))


def at(recording: Settling, step: int) -> int:
    """The last snapshot of this run that is not later than `step`; its first one where all are."""
    return max((known for known in recording.settings["steps"] if known <= step),
               default=min(recording.settings["steps"]))


def _map(kind: str, run: str, session: Session) -> Picture:
    found = runs()
    recording = found[run]
    everything, step = getattr(recording, kind), at(recording, step_of(session))
    table = everything[everything["step"] == step]
    if kind == "load":
        most = max(float(getattr(one, kind)["share"].max()) for one in found.values())
        busy = table.loc[table["share"].idxmax()]
        facts = {"busy": f"L{busy['layer']:.0f} E{busy['expert']:.0f}", "most": percent(busy["share"]),
                 "idle": int((table["share"] == 0).sum()), "chance": percent(table["chance"].iloc[0])}
    else:
        differences = [_differences(one.languages) for one in found.values() if len(one.languages)]
        most = max(float(values.abs().max()) for values in differences) or 1.0
        here = _differences(table)
        layer, expert = here.abs().idxmax()[-2:]
        facts = {"busy": f"L{layer} E{expert}", "most": f"{100 * here.abs().max():.1f}"}
    settings = recording.settings
    facts |= {"step": f"{step:,}", "n": f"{settings['tokens']:,}", "texts": settings["texts"],
              "run": say(session.language, f"scrubber.run.{run}"), "model": settings["model"]}
    return Picture(getattr(figures, kind)(table, most, labels=_words(session)), table, facts)


def _differences(table: pd.DataFrame) -> pd.Series:
    """Chinese share less the English one, by step, layer and expert."""
    by_label = table.pivot(index=["step", "layer", "expert"], columns="label", values="share")
    return by_label["zh"] - by_label["en"]


def _course(name: str, session: Session) -> Picture:
    found, (source, column) = runs(), COURSES[name]
    table = pd.concat([getattr(recording, source).assign(run=run, value=getattr(recording, source)[column])
                       for run, recording in found.items()], ignore_index=True)
    step, first = step_of(session), next(iter(found.values()))
    told = "; " if session.language == "en" else "；"
    mean = table.groupby(["run", "step"])["value"].mean()
    parts = [f"{say(session.language, f'scrubber.run.{run}')} "
             f"{_number(name, mean[run, at(recording, step)])}" for run, recording in found.items()]
    facts = {"told": told.join(parts), "step": f"{step:,}", "n": f"{first.settings['tokens']:,}",
             "texts": first.settings["texts"], "layers": first.saturation["layer"].nunique(),
             "chance": _number(name, table["chance"].mean())}
    figure = figures.course(table[["run", "step", "layer", "value", "chance"]], name, step, labels=_words(session))
    return Picture(figure, table, facts)


DRAWERS = {**{f"{kind}.{run}": partial(_map, kind, run) for kind in MAPS for run in ("balanced", "unbalanced")},
           **{name: partial(_course, name) for name in COURSES}}


def _number(name: str, value: float) -> str:
    return percent(value) if name == "saturation" else f"{value:.2f}"


def _badge(session: Session, found: dict[str, Settling]) -> str:
    names = dict.fromkeys(recording.settings["model"] for recording in found.values())
    return say(session.language, "scrubber.badge", model=" + ".join(names))


def _words(session: Session) -> dict[str, str]:
    speak = partial(say, session.language)
    return figure_words(session.language) | {key: speak(f"scrubber.figure.{key}") for key in figures.OWN}
