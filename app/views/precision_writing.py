"""What the tab *Precision* shows of two formats that write with the same luck, and of what a token costs."""

from functools import partial

import numpy as np
import pandas as pd

from app.figures import precision_more as figures
from app.session import Session
from app.views.panel import Picture
from app.views.precision import small
from app.views.precision_sections import Facts, words_of
from app.words import say

NONE = -1  # stands where a text has ended


def fork_of(table: pd.DataFrame) -> int | None:
    """The first new token that is not the same."""
    parted = table.loc[~table["same"].astype(bool), "step"]
    return int(parted.iloc[0]) if len(parted) else None


def texts_value(session: Session, table: pd.DataFrame | None, decode) -> dict:
    """Both texts, marked from the first token that differs."""
    if table is None or session.comparison is None:
        return {"rows": []}
    speak, fork, settings = partial(say, session.language), fork_of(table), session.comparison.settings
    rows = []
    for name, column in (("fp32", "reference"), (settings["format"], "other")):
        ids = [token for token in table[column].tolist() if token != NONE]
        same = decode(ids[:len(ids) if fork is None else fork])
        rows.append({"name": name, "prompt": settings["start"], "same": same, "different": decode(ids)[len(same):]})
    key = "precision.twins.same" if fork is None else "precision.twins.parted"
    luck = "greedy" if session.shortening.temperature == 0 else "sampled"
    return {"title": speak("precision.twins.title"), "rows": rows,
            "caption": speak(key, step=(fork or 0) + 1, tokens=len(table), seed=session.shortening.seed,
                             how=speak(f"precision.twins.{luck}", temperature=f"{session.shortening.temperature:g}"))}


def gaps(session: Session, table: pd.DataFrame, label_of) -> Picture:
    """How clear every choice of fp32's was."""
    fork = fork_of(table)
    named = table.assign(token=[label_of(token) if token != NONE else "" for token in table["reference"].tolist()])
    speak, median = partial(say, session.language), small(float(table["gap"].median()))
    told = (speak("precision.gaps.never", median=median) if fork is None or np.isnan(table["gap"].iloc[fork])
            else speak("precision.gaps.fork", step=fork + 1, gap=small(float(table["gap"].iloc[fork])), median=median))
    return Picture(figures.gaps(named, fork, labels=words_of(session)), named,
                   {"n": int(table["gap"].notna().sum()), "told": told})


def cost(session: Session, table: pd.DataFrame) -> Facts:
    """Bytes and multiplications of one token, counted."""
    speak, first = partial(say, session.language), table.iloc[0]
    rows = [{"cells": [[row["plan"], ""], [f"{row['bytes'] / 1e6:.2f} MB", ""], [f"{row['read'] / 1e6:.2f} MB", ""],
                       [f"{row['macs'] / 1e6:.2f} M", ""]],
             "marked": row["plan"] == session.comparison.settings["format"]} for row in table.to_dict("records")]
    return Facts([speak(f"precision.column.{name}") for name in ("format", "bytes", "read", "macs")], rows, table,
                 {"position": len(session.comparison.kl), "macs": f"{first['macs'] / 1e6:.2f}",
                  "dense": f"{first['dense_macs'] / 1e6:.2f}", "times": f"{first['dense_macs'] / first['macs']:.1f}"})


def modelled(session: Session, table: pd.DataFrame) -> Picture:
    """The 45 nm model, relative to fp32."""
    compute, moved = table["arithmetic"].iloc[0], table["dram"].iloc[0]
    return Picture(figures.modelled(table, labels=words_of(session)), table, {"times": f"{moved / compute:.0f}"})


def seconds(session: Session, table: pd.DataFrame) -> Facts:
    """CPU-seconds, measured; Joules only as the visitor's watts times these seconds."""
    speak, watts = partial(say, session.language), session.shortening.watts
    table = table.assign(joules_per_token=np.nan if watts is None else table["seconds"] / 1000 * watts)
    rows = [{"cells": [[row["format"], ""],
                       [f"{row['seconds']:.2f} s", f"{row['fastest']:.2f} – {row['slowest']:.2f} s"],
                       ["–" if watts is None else f"{1000 * row['joules_per_token']:.2f} mJ", ""]]}
            for row in table.to_dict("records")]
    told = (speak("precision.seconds.no_watts") if watts is None
            else speak("precision.seconds.watts", watts=f"{watts:g}"))
    return Facts([speak(f"precision.column.{name}") for name in ("format", "seconds", "joules")], rows, table,
                 {"repeats": int(table["repeats"].iloc[0]), "tokens": int(table["tokens"].iloc[0]), "told": told})


DRAWERS = {"cost": {"cost": cost, "modelled": modelled}, "seconds": {"seconds": seconds}}
