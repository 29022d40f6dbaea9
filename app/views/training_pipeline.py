"""What the picture of the pipeline shows: five boxes, and what the chosen step did with this model."""

import math
from functools import partial

import pandas as pd

from app import shipped
from app.figures import training as figures
from app.session import Session
from app.views import tasks_scores
from app.views.panel import Picture, panel
from app.views.training import figure_labels
from app.views.training_boxes import BOXES, Box, other_model
from app.words import say

STEPS = tuple(BOXES)
MOST_ROWS = 300  # of a log that are drawn; the judged ones always are


def boxes_value(session: Session) -> dict:
    """The row of boxes."""
    speak, chosen = partial(say, session.language), session.training.box
    found = {name: make(session) for name, make in BOXES.items()}
    return {"label": speak("pipeline.label"), "chosen": STEPS.index(chosen), "steps": [
        {"name": speak(f"pipeline.{name}"), "told": box.told or speak("pipeline.unknown"), "known": box.known}
        for name, box in found.items()]}


def detail(session: Session) -> dict:
    """The widgets below the boxes: line, numbers, table, figure."""
    name, box = session.training.box, BOXES[session.training.box](session)
    return {"line": _line(session, name, box), "numbers": _numbers(session, name, box),
            "table": table_value(session), "figure": _figure(session, box)}


def table_value(session: Session) -> dict:
    """The table of the chosen step; empty where it has none."""
    name, box = session.training.box, BOXES[session.training.box](session)
    if not box.table:
        return {}
    speak = partial(say, session.language)
    facts = box.facts if "n" in box.facts else box.facts | {"n": len(box.rows)}
    badge = speak(f"pipeline.{name}.badge", **facts) if box.known else speak("pipeline.card.badge")
    return {"title": speak(f"pipeline.table.{box.table}"), "badge": badge,
            "caption": speak(f"pipeline.table.{box.table}.caption", **facts),
            "head": [speak(f"pipeline.column.{column}") for column in box.head],
            "rows": [{"cells": [[cell, ""] for cell in row]} for row in box.rows],
            "csv_hint": speak("panel.csv", title=speak(f"pipeline.table.{box.table}"))}


def table(session: Session) -> Picture:
    """The same as a table to take away."""
    box = BOXES[session.training.box](session)
    head = [say(session.language, f"pipeline.column.{column}") for column in box.head]
    return Picture(None, pd.DataFrame(box.rows, columns=head), box.facts)


def losses(session: Session) -> Picture:
    """The losses of the shipped model's own run."""
    rows = pd.DataFrame(shipped.log(shipped.MODEL)).reindex(columns=["step", "loss", "validation_loss"])
    every = -(-len(rows) // MOST_ROWS)
    kept = rows[rows["validation_loss"].notna() | (rows.index % every == 0) | (rows.index == len(rows) - 1)]
    kept = kept if kept["validation_loss"].notna().any() else kept.drop(columns="validation_loss")
    vocabulary = shipped.config(shipped.MODEL).get("vocab_size", 0)
    blind = math.log(vocabulary) if vocabulary > 1 else math.nan
    facts = BOXES["training"](session).facts | {"blind": f"{blind:.2f}", "vocabulary": f"{vocabulary:,}"}
    return Picture(figures.losses(kept, blind, labels=figure_labels(session.language)), kept, facts)


DRAWERS = {"losses": losses, "domains": tasks_scores.losses}


def _figure(session: Session, box: Box) -> dict:
    if box.figure == "domains":
        return tasks_scores.panel_value("losses", session)
    if not box.figure:
        return {}
    badge = say(session.language, "experts.badge.recorded", model=shipped.MODEL.name)
    return panel(f"pipeline.figure.{box.figure}", DRAWERS[box.figure], session, badge)


def _line(session: Session, name: str, box: Box) -> dict:
    speak = partial(say, session.language)
    if not box.known:
        return {"kind": "problem", "text": speak(f"pipeline.{name}.missing", model=shipped.MODEL.name)}
    more = [speak("pipeline.other", model=box.facts["model"], own=shipped.MODEL.name)] if other_model(box.facts) else []
    return {"kind": "done", "text": (" " if session.language == "en" else "").join(
        [speak(f"pipeline.{name}.source", **box.facts), *more])}


def _numbers(session: Session, name: str, box: Box) -> list[dict]:
    speak = partial(say, session.language)
    return [{"name": speak(f"pipeline.{name}.number.{key}"), "value": value,
             "note": speak(f"pipeline.{name}.number.{key}.note", **box.facts)} for key, value in box.numbers.items()]
