"""What the recorded table of strategies shows: every way of selection, sharing and fusion on the same tokens."""

import pandas as pd

from app.figures import training as figures
from app.session import Session
from app.views.panel import Picture
from app.views.training import figure_labels, number, recorded
from app.words import say
from moe_core.lab import table as measured

COLUMNS = ("name", "loss", "violation", "total", "active", "speed")


def figure_value(session: Session) -> dict:
    """The picture; empty while nothing has been recorded."""
    picture = strategies(session)
    return recorded(session, picture, "table.loss") if len(picture.table) else {}


def facts_value(session: Session) -> dict:
    """All numbers as a table."""
    rows, language = _rows(session.language), session.language
    if rows.empty:
        return {"title": say(language, "training.table.title"), "caption": say(language, "training.table.none")}
    badge = say(language, "badge.recorded", format="fp32", device="CPU")
    return facts_table(rows, badge, "training.table", _facts(rows), language)


def facts_table(rows: pd.DataFrame, badge: str, words: str, facts: dict, language: str) -> dict:
    """Strategies and their numbers, under the title and the caption that `words` names."""
    title = say(language, f"{words}.title")
    return {"title": title, "badge": badge, "caption": say(language, f"{words}.caption", **facts),
            "csv_hint": say(language, "panel.csv", title=title),
            "head": [say(language, f"training.table.column.{name}") for name in COLUMNS],
            "rows": [_row(row) for row in rows.itertuples()]}


def strategies(session: Session) -> Picture:
    """Loss and spread of every strategy."""
    rows = _rows(session.language)
    facts = _facts(rows) if len(rows) else {}
    return Picture(figures.strategies(rows, labels=figure_labels(session.language)), rows, facts)


def name_of(kind: str, strategy: str, language: str) -> str:
    """A strategy's name behind that of its kind."""
    if kind in (measured.USUAL, measured.DENSE):
        return say(language, f"training.table.{kind}")
    shown = "0" if kind == "balance" else say(language, f"training.{kind}.{strategy}")
    return f"{say(language, f'training.dial.{kind}')} · {shown}"


def _rows(language: str) -> pd.DataFrame:
    rows = measured.summary()
    return rows.assign(name=[name_of(row.kind, row.strategy, language) for row in rows.itertuples()])


def _row(row) -> dict:
    lost = f" ✕{row.diverged}" if row.diverged else ""  # how many of its runs diverged
    cells = [[row.name, ""], [number(row.loss) + lost, "" if pd.isna(row.spread) else f"± {row.spread:.3f}"],
             [number(row.max_violation, 2), ""], [f"{row.parameters:,}", ""], [f"{row.active:,}", ""],
             [f"{row.tokens_per_second:,.0f}", ""]]
    return {"cells": cells, "marked": row.kind == measured.USUAL}


def _facts(rows: pd.DataFrame) -> dict:
    shape, best = measured.shape(), rows.sort_values("loss").iloc[0]
    return {"tokens": f"{shape['steps'] * shape['batch'] * shape['length']:,}", "seeds": int(rows["seeds"].min()),
            "most_seeds": int(rows["seeds"].max()), "experts": shape["experts"], "k": shape["k"],
            "layers": shape["layers"], "width": shape["width"], "best": best["name"],
            "best_loss": f"{best['loss']:.3f}", "n": len(rows)}
