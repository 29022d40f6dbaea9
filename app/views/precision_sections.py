"""What the sections of the tab *Precision* show of what was measured for them: tables and figures with their facts."""

from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from app import shipped
from app.figures import precision_more as figures
from app.session import Session
from app.shortening import PROBES
from app.views.panel import Picture, panel, percent
from app.views.precision import small
from app.words import say
from moe_core.precision import recording

REPORT = shipped.TRACES / "precision.json"


class Facts(NamedTuple):
    """A table that is read as such: the cells of every row, its table for CSV, and what its caption states."""

    head: list[str]
    rows: list[dict]
    table: pd.DataFrame
    facts: dict


@cache
def recorded_report(path: Path = REPORT) -> recording.Recorded | None:
    """The shipped recording over the probe texts, or None when there is none that can be read."""
    try:
        return recording.load(path)
    except recording.RecordingError:
        return None


def panel_value(section: str, name: str, draw, session: Session, table: pd.DataFrame | None) -> dict:
    """One table or figure of a section, drawn anew; empty while nothing is measured."""
    if not can_draw(section, session, table):
        return {}
    badge = badge_of(section, session)
    if name in TABLES:
        return table_value(f"precision.{name}", draw(session, table), session, badge)
    return panel(f"precision.{name}", partial(draw, table=table), session, badge)


def can_draw(section: str, session: Session, table: pd.DataFrame | None) -> bool:
    """Whether there is anything to show: a measurement, or for the formats the recording."""
    if section == "formats" and session.shortening.source == PROBES:
        return session.comparison is not None and recorded_report() is not None
    return session.comparison is not None and table is not None


def table_value(name: str, found: Facts, session: Session, badge: str) -> dict:
    """A FactTable in the visitor's language."""
    title, caption = (say(session.language, f"{name}.{part}", **found.facts) for part in ("title", "caption"))
    return {"title": title, "caption": caption, "badge": badge, "head": found.head, "rows": found.rows,
            "csv_hint": say(session.language, "panel.csv", title=title)}


def badge_of(section: str, session: Session) -> str:
    """Measured or recorded, by which engine, where."""
    engine = {"cliff": "compute", "seconds": "compute", "ranges": None, "cost": None}.get(
        section, session.comparison.settings["engine"])
    if section == "cost":
        return say(session.language, "precision.badge.counted")
    if section == "formats" and session.shortening.source == PROBES:
        return say(session.language, "precision.badge.recorded", model=recorded_report().settings["model"],
                   engine=say(session.language, f"engine.{engine}.short"), device=recorded_report().settings["device"])
    told = "fp32" if engine is None else say(session.language, f"engine.{engine}.short")
    return say(session.language, "precision.badge.measured", engine=told,
               device=session.comparison.settings["device"])


def formats(session: Session, table: pd.DataFrame | None) -> Facts:
    """The table of llama.cpp, every format of one engine."""
    settings = session.comparison.settings
    if session.shortening.source == PROBES:
        table = _like(recorded_report().table, settings)
    speak = partial(say, session.language)
    columns = ("format", "mean_kl", "median_kl", "kl_99", "max_kl", "same_top1", "delta_perplexity", "any_flips")
    rows = [{"cells": [[row["format"], ""], _between(row, "mean_kl", small), _between(row, "median_kl", small),
                       _between(row, "kl_99", small), [small(row["max_kl"]), ""], _between(row, "same_top1", percent),
                       _between(row, "delta_perplexity", _rise), _between(row, "any_flips", percent)],
             "marked": row["format"] == settings["format"]} for row in table.to_dict("records")]
    first = table.iloc[0]
    return Facts([speak(f"precision.column.{name}") for name in columns], rows, table, {
        "n": int(first["tokens"]), "texts": int(first["texts"]),
        "routers": speak(f"precision.routers.{first['routers']}"),
        "routes": speak("precision.routes.replayed" if first["replay"] else "precision.routes.free"),
        "engine": speak(f"precision.engine.{first['engine']}"), "unit": speak(f"precision.unit.{first['resampled']}")})


def growth(session: Session, table: pd.DataFrame) -> Picture:
    """Error of the residual stream behind every layer."""
    free, replayed = (table[table["replay"] == replay] for replay in (False, True))
    ends = [rows["error"].iloc[-1] for rows in (free, replayed)]
    facts = {"n": int(table["n"].iloc[0]), "free": small(ends[0]), "replayed": small(ends[1]),
             "flips": int(free["flips"].sum()), **_asked(session)}
    return Picture(figures.error_growth(table, labels=words_of(session)), table, facts)


def router_chart(session: Session, table: pd.DataFrame) -> Picture:
    """Flips for three treatments of the routers."""
    alone = table[table["routers"] == "alone"]
    told = ", ".join(f"{row.format} {percent(row.any_flips)}" for row in alone.itertuples())
    facts = {"n": int(table["tokens"].iloc[0]), "told": told, "share": f"{table['share'].iloc[0]:.2%}"}
    return Picture(figures.router_flips(table, labels=words_of(session)), table, facts)


def router_table(session: Session, table: pd.DataFrame) -> Facts:
    """What the routers' bytes save and cost."""
    speak = partial(say, session.language)
    head = [speak("precision.column.format"), speak("precision.column.saved"),
            *(speak(f"precision.routers.{routers}") for routers in ("short", "fp32", "alone"))]
    rows = []
    for format, part in table.groupby("format", sort=False):
        kinds = part.set_index("routers")
        cells = [_between(kinds.loc[routers], "mean_kl", small) for routers in ("short", "fp32", "alone")]
        rows.append({"cells": [[format, ""], [f"{part['saved'].iloc[0] / 1000:.1f} kB", ""], *cells]})
    return Facts(head, rows, table, {"n": int(table["tokens"].iloc[0]), "share": f"{table['share'].iloc[0]:.2%}"})


def pair_flips(session: Session, table: pd.DataFrame) -> Picture:
    """Flips with and without training."""
    return Picture(figures.pair_flips(table, labels=words_of(session)), table, {"n": int(table["tokens"].iloc[0])})


def pair_kl(session: Session, table: pd.DataFrame) -> Picture:
    """KL with and without training."""
    kl = table.pivot(index="format", columns="trained", values="mean_kl").loc[table["format"].unique()]
    times = (kl[True] / kl[False]).where(np.isfinite(kl[True]) & (kl[False] > 0))
    told = ", ".join(f"{format} –" if np.isnan(ratio) else f"{format} {ratio:.0f}" for format, ratio in times.items())
    return Picture(figures.pair_kl(table, labels=words_of(session)), table,
                   {"n": int(table["tokens"].iloc[0]), "told": told})


def cliff(session: Session, table: pd.DataFrame) -> Picture:
    """The same function in larger and larger inner numbers."""
    power = session.shortening.power
    here = table[table["power"] == power].set_index("format")
    exact = table[table["format"] == "fp32"]
    edge = table[(table["format"] == "fp16") & (table["lost"] > 0)]["power"].min()
    speak = partial(say, session.language)
    facts = {"n": int(table["n"].iloc[0]), "power": power, "largest": small(here["largest"].iloc[0]),
             "same": int(exact["identical"].sum()), "powers": len(exact), "bf16": small(here.loc["bf16", "mean_kl"]),
             "fp16": small(here.loc["fp16", "mean_kl"]) if here.loc["fp16", "lost"] == 0
             else speak("precision.cliff.lost", share=percent(here.loc["fp16", "lost"])),
             "edge": speak("precision.cliff.never") if np.isnan(edge) else f"n = {int(edge)}"}
    return Picture(figures.cliff(table, power, labels=words_of(session)), table, facts)


def ranges(session: Session, table: pd.DataFrame) -> Picture:
    """The largest numbers of every layer beside fp16's largest."""
    worst = table.loc[table["largest"].idxmax()]
    speak = partial(say, session.language)
    facts = {"worst": small(worst["largest"]), "layer": int(worst["layer"]), "numbers": f"{int(table['n'].sum()):,}",
             "place": speak(f"precision.figure.{worst['place']}"), "room": f"{worst['headroom']:.1f}",
             "n": len(session.comparison.kl)}
    return Picture(figures.ranges(table, labels=words_of(session)), table, facts)


def ties(session: Session, table: pd.DataFrame) -> Facts:
    """Exact ties, and how they were decided."""
    speak = partial(say, session.language)
    rows = [{"cells": [[row["format"], ""],
                       [f"{row['ties']} / {row['decisions']}", percent(row["ties"] / row["decisions"])],
                       [f"{row['by_rule']} / {row['ties']}" if row["ties"] else "–", ""], [f"{row['distinct']:,}", ""]],
             "marked": row["format"] == session.comparison.settings["format"]} for row in table.to_dict("records")]
    facts = {"n": len(session.comparison.kl), "decisions": int(table["decisions"].iloc[0]),
             "ties": int(table["ties"].sum()), "by_rule": int(table["by_rule"].sum())}
    return Facts([speak(f"precision.column.{name}") for name in ("format", "ties", "by_rule", "distinct")], rows, table,
                 facts)


def _like(table: pd.DataFrame, settings: dict) -> pd.DataFrame:
    """The recorded rows of this engine, treated as the visitor's were, or else the plain ones."""
    rows = table[table["engine"] == settings["engine"]]
    wanted = rows[(rows["routers"] == settings["routers"]) & (rows["replay"] == settings["replay"])]
    found = wanted if len(wanted) else rows[(rows["routers"] == "short") & ~rows["replay"].astype(bool)]
    return found.reset_index(drop=True)


def words_of(session: Session) -> dict[str, str]:
    """Every word inside this tab's further figures."""
    return {key: say(session.language, f"figure.{key}" if key not in figures.OWN else f"precision.figure.{key}")
            for key in figures.ENGLISH}


def _between(row, name: str, tell) -> list[str]:
    """A number, and its interval where there is one."""
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return [tell(row[name]), "" if np.isnan(low) else f"{tell(low)} – {tell(high)}"]


def _rise(share: float) -> str:
    if np.isnan(share):
        return "–"
    return f"{share:+.2%}" if np.isfinite(share) else "∞"


def _asked(session: Session) -> dict:
    settings = session.comparison.settings
    return {"format": settings["format"], "engine": say(session.language, f"engine.{settings['engine']}.short")}


TABLES = {"formats", "router_table", "ties", "cost", "seconds"}
DRAWERS = {
    "formats": {"formats": formats}, "growth": {"growth": growth},
    "router": {"router_chart": router_chart, "router_table": router_table},
    "untrained": {"pair_flips": pair_flips, "pair_kl": pair_kl}, "cliff": {"cliff": cliff},
    "ranges": {"ranges": ranges}, "ties": {"ties": ties},
}
