"""A figure, the table it was drawn from, and the facts its caption states: one value for a FigurePanel."""

import time
from collections.abc import Callable
from typing import NamedTuple

import pandas as pd
import plotly.graph_objects as go

from app.figures.drawing import ENGLISH
from app.session import Session
from app.words import say


class Picture(NamedTuple):
    """What one panel shows: its figure, its table for CSV, and the values its sentences are filled with."""

    figure: go.Figure
    table: pd.DataFrame
    facts: dict


Drawer = Callable[[Session], Picture]


def panel(name: str, draw: Drawer, session: Session, badge: str) -> dict:
    """The panel `name` in the visitor's language.

    The figure travels as text: gradio's page wraps every nested value in a proxy, and thousands of them are slow.
    """
    picture = draw(session)
    return {**told(name, session.language, picture.facts), "figure": picture.figure.to_json(), "badge": badge}


def told(name: str, language: str, facts: dict) -> dict[str, str]:
    """What a panel says beside its figure; sentences are NAME.title, NAME.caption and NAME.summary."""
    title, caption, summary = (say(language, f"{name}.{part}", **facts) for part in ("title", "caption", "summary"))
    return {"title": title, "caption": caption, "summary": summary, "csv_hint": say(language, "panel.csv", title=title)}


def figure_words(language: str) -> dict[str, str]:
    """The few words that stand inside figures."""
    return {key: say(language, f"figure.{key}") for key in ENGLISH}


def csv_file(name: str, draw: Drawer, session: Session) -> dict:
    """The table behind the panel `name` as a file; `serial` makes the same file asked for twice two downloads."""
    text = draw(session).table.to_csv(index=False)
    return {"name": f"moescope-{name}.csv", "text": text, "serial": time.monotonic_ns()}


def percent(share: float) -> str:
    return f"{share:.1%}"
