"""Pictures of one moment of training, and of the whole course with that moment marked.

They know the tables of a recording of snapshots by their columns. Scales stand still, so that moments can be compared.
"""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app import theme
from app.figures import drawing
from app.figures.drawing import Labels, downward, numbered, picture

OWN = {"step": "step", "balanced": "with balance loss", "unbalanced": "without balance loss",
       "saturation": "final so far", "max_violation": "MaxVio", "bits": "bits about the language",
       "layers": "smallest and largest layer",
       "zh": "of the Chinese tokens", "en": "of the English tokens", "difference": "difference"}
ENGLISH = drawing.ENGLISH | OWN
RUNS = {"balanced": (theme.ACCENT, "solid", "circle"), "unbalanced": (theme.INK, "dash", "diamond")}
MOST_PRINTED = 16  # experts whose cells carry their number


def load(table: pd.DataFrame, most: float, *, labels: Labels = None) -> go.Figure:
    """Share of the routed slots of every expert of every layer at one step; the darker, the busier."""
    words = ENGLISH | dict(labels or {})
    shares, low, high, chance = (drawing.grid(table, "layer", "expert", name)
                                 for name in ("share", "low", "high", "chance"))
    hover = (f"%{{y}} %{{x}}<br>{words['share']} %{{z:.1%}}<br>{words['interval']} %{{customdata[0]:.1%}} – "
             f"%{{customdata[1]:.1%}}<br>{words['chance']} %{{customdata[2]:.1%}}<extra></extra>")
    return _map(table, shares, {"zmin": 0, "zmax": most, "colorscale": theme.PROBABILITY_SCALE, "hovertemplate": hover,
                                "customdata": np.stack([low, high, chance], axis=-1)}, drawing.percent)


def languages(table: pd.DataFrame, most: float, *, labels: Labels = None) -> go.Figure:
    """How much more of the Chinese tokens than of the English ones an expert gets: orange Chinese, blue English."""
    words = ENGLISH | dict(labels or {})
    (chinese, *of_chinese), (english, *of_english) = (
        [drawing.grid(table[table["label"] == label], "layer", "expert", name) for name in ("share", "low", "high")]
        for label in ("zh", "en"))
    hover = (f"%{{y}} %{{x}}<br>{words['zh']} %{{customdata[0]:.1%}} (%{{customdata[1]:.1%}} – %{{customdata[2]:.1%}})"
             f"<br>{words['en']} %{{customdata[3]:.1%}} (%{{customdata[4]:.1%}} – %{{customdata[5]:.1%}})<br>"
             f"{words['difference']} %{{z:+.1%}}<extra></extra>")
    look = {"zmin": -most, "zmax": most, "colorscale": theme.DIVERGING_SCALE, "hovertemplate": hover,
            "customdata": np.stack([chinese, *of_chinese, english, *of_english], axis=-1)}
    return _map(table, chinese - english, look, _points)


def course(table: pd.DataFrame, quantity: str, step: int, *, labels: Labels = None) -> go.Figure:
    """Mean over the layers, snapshot by snapshot, with a bar from the smallest layer to the largest; dashed: chance."""
    words = ENGLISH | dict(labels or {})
    steps = np.sort(table["step"].unique())
    lines = [_course(table[table["run"] == run], run, quantity, steps, words) for run in RUNS
             if (table["run"] == run).any()]
    chance = table.groupby("step")["chance"].mean().reindex(steps)
    even = {"type": "scatter", "mode": "lines", "x": np.arange(len(steps)), "y": chance.to_numpy(np.float32),
            "name": words["chance"], "line": {"color": theme.CHANCE, "dash": "dot", "width": 1.4},
            "hovertemplate": f"{words['chance']} %{{y:.3f}}<extra></extra>"}
    place = int(np.searchsorted(steps, step, side="right")) - 1
    now = {"type": "line", "layer": "below", "xref": "x", "yref": "paper", "x0": place, "x1": place, "y0": 0, "y1": 1,
           "line": {"width": 8, "color": theme.FAINT}}
    unit = {"tickformat": ".0%", "range": [0, 1.03]} if quantity == "saturation" else {"rangemode": "tozero"}
    every = -(-len(steps) // 8)
    return picture(280, [*lines, even], shapes=[now], showlegend=True,
                   legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "font": {"color": theme.MUTE}},
                   xaxis={"range": drawing.span(range(len(steps))), "tickvals": np.arange(len(steps))[::every],
                          "ticktext": [f"{one:,}" for one in steps[::every].tolist()],
                          "title": {"text": words["step"]}},
                   yaxis={"nticks": 6, "title": {"text": words[quantity]}, **unit})


def _course(rows: pd.DataFrame, run: str, quantity: str, steps: np.ndarray, words: dict) -> dict:
    colour, dash, sign = RUNS[run]
    of_step = rows.groupby("step")["value"]
    mean, low, high = (getattr(of_step, name)() for name in ("mean", "min", "max"))
    unit = ".1%" if quantity == "saturation" else ".2f"
    return {"type": "scatter", "mode": "lines+markers", "name": words[run],
            "x": np.searchsorted(steps, mean.index.to_numpy()), "y": mean.to_numpy(np.float32),
            "line": {"color": colour, "dash": dash, "width": 2}, "marker": {"color": colour, "symbol": sign, "size": 7},
            "error_y": {"array": (high - mean).to_numpy(), "arrayminus": (mean - low).to_numpy(), "thickness": 1,
                        "width": 0, "color": colour},
            "customdata": np.stack([low, high, mean.index], axis=-1),
            "hovertemplate": (f"{words[run]}<br>{words['step']} %{{customdata[2]:,.0f}}<br>{words[quantity]} "
                              f"%{{y:{unit}}}<br>{words['layers']} %{{customdata[0]:{unit}}} – "
                              f"%{{customdata[1]:{unit}}}<extra></extra>")}


def _points(difference: float) -> str:
    """Whole points with their sign; nothing has none."""
    whole = round(100 * float(difference))
    return f"{whole:+d}" if whole else "0"


def _map(table: pd.DataFrame, values: np.ndarray, look: dict, told) -> go.Figure:
    """Layers by experts, each cell with its number while there is room."""
    layers, experts = np.sort(table["layer"].unique()), np.sort(table["expert"].unique())
    printed = {"text": [[told(value) for value in row] for row in values], "texttemplate": "%{text}",
               "textfont": {"size": 11}} if len(experts) <= MOST_PRINTED else {}
    cells = {"type": "heatmap", "x": np.arange(len(experts)), "y": np.arange(len(layers)), "z": values,
             "showscale": False, "xgap": 2, "ygap": 2, **printed, **look}
    return picture(60 + 32 * len(layers), [cells], xaxis={**numbered("E", experts), "side": "top"},
                   yaxis=downward(numbered("L", layers)))
