"""Pictures of what so small a model can do: scores of its jobs, losses by kind of text, words on a plane.

They know their tables by their columns. The accent is the model of the page; a sign tells the others apart.
"""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app import theme
from app.figures import drawing
from app.figures.drawing import Labels, picture

OWN = {  # words that only these figures print
    "moe": "this model", "baseline": "without a model", "dense_active": "dense twin, equal active",
    "dense_total": "dense twin, equal total", "ngram": "5-gram model", "xz": "xz", "score": "score",
    "bits_per_byte": "bits per byte", "typed": "typed", "near": "near to it", "cosine": "cosine",
}
ENGLISH = drawing.ENGLISH | OWN
SYSTEMS = {  # colour and sign of each system
    "moe": (theme.ACCENT, "circle"), "dense_active": (theme.INK, "diamond"), "dense_total": (theme.BAR, "square"),
    "ngram": (theme.CHANCE, "triangle-up"), "xz": (theme.MUTE, "x"), "baseline": (theme.MUTE, "line-ns-open"),
}


def scores(table: pd.DataFrame, *, labels: Labels = None) -> go.Figure:
    """Every job's score from 0 to 1, with its 95 % interval, beside a way to do it without a model."""
    words = ENGLISH | dict(labels or {})
    names = table["name"].drop_duplicates().tolist()
    dots = _all_dots(table, names, words, "score")
    return picture(76 + 46 * len(names), dots, **_legend(), yaxis=_rows(names),
                   xaxis={"range": [-0.02, 1.02], "tickvals": [0, 0.25, 0.5, 0.75, 1], "showgrid": True,
                          "gridcolor": theme.LINE, "title": {"text": words["score"]}})


def losses(table: pd.DataFrame, *, labels: Labels = None) -> go.Figure:
    """Bits per byte of held-out text of every kind: fewer is better; the bar is the 95 % interval over documents."""
    words = ENGLISH | dict(labels or {})
    names = table["name"].drop_duplicates().tolist()
    dots = _all_dots(table, names, words, "bits_per_byte")
    return picture(76 + 26 * len(names), dots, **_legend(), yaxis=_rows(names),
                   xaxis={"rangemode": "tozero", "nticks": 7, "showgrid": True, "gridcolor": theme.LINE,
                          "title": {"text": words["bits_per_byte"]}})


def word_map(table: pd.DataFrame, *, labels: Labels = None) -> go.Figure:
    """The typed words (dark) and the words nearest to them (pale) on the plane that keeps most of their differences."""
    words = ENGLISH | dict(labels or {})
    marks = [_words(table[table["typed"] == typed], words, *look)
             for typed, look in ((False, (theme.CHANCE, theme.MUTE, 11)), (True, (theme.ACCENT, theme.INK, 14)))]
    axes = [{"range": _room(table[axis].to_numpy(float)), "showticklabels": False} for axis in ("x", "y")]
    return picture(380, [_threads(table), *marks], xaxis=axes[0], yaxis=axes[1])


def _all_dots(table: pd.DataFrame, names: list[str], words: dict, unit: str) -> list[dict]:
    """The points of every system that the table knows, in the legend's order."""
    known = table["system"].unique().tolist()
    return [_dots(table[table["system"] == system], names, words, unit, known) for system in SYSTEMS if system in known]


def _dots(rows: pd.DataFrame, names: list[str], words: dict, unit: str, systems: list[str]) -> dict:
    """One system's points with their intervals, a little above or below those of the others."""
    system = rows["system"].iloc[0]
    colour, sign = SYSTEMS[system]
    value, low, high = (rows[name].to_numpy(np.float32) for name in ("value", "low", "high"))
    shift = (systems.index(system) - (len(systems) - 1) / 2) * 0.5 / max(len(systems), 2)
    return {
        "type": "scatter", "mode": "markers", "name": words[system], "x": value, "cliponaxis": False,
        "y": np.array([names.index(name) for name in rows["name"]]) + shift,
        "marker": {"color": colour, "symbol": sign, "size": 10, "line": {"width": 2 if "open" in sign else 1,
                                                                          "color": colour if "open" in sign
                                                                          else theme.PANEL}},
        "error_x": {"array": high - value, "arrayminus": value - low, "thickness": 1.4, "width": 0, "color": colour},
        "customdata": np.column_stack([low, high]), "text": drawing.all_safe(rows["label"]),
        "hovertemplate": (f"%{{text}}<br>{words[system]}: {words[unit]} %{{x:.3f}}<br>{words['interval']} "
                          "%{customdata[0]:.3f} – %{customdata[1]:.3f}<extra></extra>")}


def _rows(names: list[str]) -> dict:
    return {"range": [len(names) - 0.5, -0.5], "tickvals": list(range(len(names))), "ticktext": drawing.all_safe(names),
            "tickfont": {"size": 12, "color": theme.INK}}


def _words(rows: pd.DataFrame, words: dict, colour: str, ink: str, size: int) -> dict:
    typed = bool(rows["typed"].all())
    told = words["typed"] if typed else words["near"]
    return {"type": "scatter", "mode": "markers+text", "x": rows["x"].to_numpy(np.float32), "cliponaxis": False,
            "y": rows["y"].to_numpy(np.float32), "text": drawing.all_safe(rows["word"]), "textposition": "top center",
            "textfont": {"size": size, "color": ink},
            "marker": {"size": 9 if typed else 6, "color": colour, "line": {"width": 1, "color": theme.PANEL}},
            "customdata": np.array([[told, drawing.safe(row.near_to), f"{row.cosine:.2f}"]
                                    for row in rows.itertuples()]).reshape(-1, 3),
            "hovertemplate": f"%{{text}}<br>%{{customdata[0]}} %{{customdata[1]}}<br>{words['cosine']} "
                             "%{customdata[2]}<extra></extra>"}


def _room(places: np.ndarray) -> list[float]:
    """From the smallest to the largest, and a little more for the names."""
    more = 0.12 * max(float(np.ptp(places)), 0.1)
    return [float(places.min()) - more, float(places.max()) + more]


def _threads(table: pd.DataFrame) -> dict:
    """A thin line from every near word to its typed one."""
    at = table[table["typed"]].set_index("word")[["x", "y"]]
    near = table[~table["typed"]]
    ends = at.loc[near["near_to"]].to_numpy(np.float32).reshape(-1, 2)
    starts = near[["x", "y"]].to_numpy(np.float32).reshape(-1, 2)
    gaps = np.full(len(near), np.nan, np.float32)
    return {"type": "scatter", "mode": "lines", "hoverinfo": "skip", "line": {"width": 1, "color": theme.LINE},
            "x": np.column_stack([starts[:, 0], ends[:, 0], gaps]).ravel(),
            "y": np.column_stack([starts[:, 1], ends[:, 1], gaps]).ravel()}


def _legend() -> dict:
    return {"showlegend": True, "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom",
                                           "font": {"color": theme.MUTE}, "traceorder": "normal"}}
