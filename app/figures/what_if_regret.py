"""Pictures of the learned choice beside the choice by performance: regret, agreement, and both loads.

They know the tables `layers` and `experts` of a hindsight by their columns.
"""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app import theme
from app.figures import drawing
from app.figures.drawing import Labels, downward, numbered, picture

OWN = {  # words that only these figures print
    "regret": "regret: the best set instead", "gain": "gain: over a set drawn by lot", "nats": "nats per token",
    "agree": "the router's set is the best one", "common": "its experts in the best set",
    "learned": "the router", "hindsight": "hindsight", "more": "hindsight minus router",
}
ENGLISH = drawing.ENGLISH | OWN
BAR = {"color": theme.BAR, "opacity": 0.6, "cornerradius": 3}
MOST_PRINTED = 12       # experts whose cells carry their number
SMALLEST_REACH = 0.01   # of the slots; less is not worth a full colour


def regret(layers: pd.DataFrame, *, labels: Labels = None) -> go.Figure:
    """By how much the best set of experts would have lowered the loss, and how much the router is worth against a set
    drawn by lot, layer by layer, with 95 % intervals; dashed: nothing gained."""
    words = ENGLISH | dict(labels or {})
    bars = [_pair(layers, names, words, words["nats"], ".3f", offset, pattern) for names, offset, pattern in (
        (("regret", "low", "high"), -0.2, ""), (("gain", "gain_low", "gain_high"), 0.2, "/"))]
    return picture(270, bars, **_legend(), shapes=[drawing.level_line(0)], xaxis=numbered("L", layers["layer"]),
                   yaxis={"nticks": 5, "title": {"text": words["nats"]}})


def agreement(layers: pd.DataFrame, *, labels: Labels = None) -> go.Figure:
    """How often the router's set is the one that hindsight would choose, and how much of it, layer by layer."""
    words = ENGLISH | dict(labels or {})
    bars = [_pair(layers, (name, f"{name}_low", f"{name}_high"), words, "", ".1%", offset, pattern)
            for name, offset, pattern in (("agree", -0.2, ""), ("common", 0.2, "/"))]
    chances = [float(layers[f"{name}_chance"].iloc[0]) for name in ("agree", "common")]
    top = float(np.nanmax(layers[["agree_high", "common_high"]].to_numpy(), initial=max(chances)))
    return picture(270, bars, right=64, **_legend(), shapes=[drawing.level_line(chance) for chance in chances],
                   annotations=[drawing.chance_note(chance, words["chance"]) for chance in chances],
                   xaxis=numbered("L", layers["layer"]),
                   yaxis={"range": [0, min(1.05, 1.15 * top)], "tickformat": ".0%", "nticks": 5})


def loads(experts: pd.DataFrame, *, labels: Labels = None) -> go.Figure:
    """Where hindsight would send tokens more (orange) or less (blue) often than the router; framed: beyond the 95 %
    interval."""
    words = ENGLISH | dict(labels or {})
    layers, numbers = np.sort(experts["layer"].unique()), np.sort(experts["expert"].unique())
    names = ("difference", "learned", "hindsight", "low", "high")
    grids = np.stack([experts.pivot(index="layer", columns="expert", values=name).to_numpy(np.float32)
                      for name in names])
    reach = max(float(np.nanmax(np.abs(grids[0]), initial=0)), SMALLEST_REACH)
    printed = [[f"{100 * value:+.0f}" if abs(value) >= 0.005 else "0" for value in row] for row in grids[0]]
    shown = {"text": printed, "texttemplate": "%{text}", "textfont": {"size": 11}}
    cells = {"type": "heatmap", "x": np.arange(len(numbers)), "y": np.arange(len(layers)), "z": grids[0], "xgap": 3,
             "ygap": 3, "zmin": -reach, "zmax": reach, "colorscale": theme.DIVERGING_SCALE, "showscale": False,
             "customdata": np.moveaxis(grids[1:], 0, -1), **(shown if len(numbers) <= MOST_PRINTED else {}),
             "hovertemplate": (f"%{{y}} · %{{x}}<br>{words['learned']} %{{customdata[0]:.1%}}<br>{words['hindsight']} "
                               f"%{{customdata[1]:.1%}}<br>{words['more']} %{{z:+.1%}}<br>{words['interval']} "
                               f"%{{customdata[2]:+.1%}} – %{{customdata[3]:+.1%}}<extra></extra>")}
    sure = experts[(experts["low"] > 0) | (experts["high"] < 0)]
    frames = {"type": "scatter", "mode": "lines", "line": {"color": theme.INK, "width": 1.4}, "hoverinfo": "skip",
              **drawing.frames(np.searchsorted(numbers, sure["expert"]), np.searchsorted(layers, sure["layer"]),
                               0.46, 0.44)}
    return picture(40 + 36 * len(layers), [cells, frames], xaxis=numbered("E", numbers),
                   yaxis=downward(numbered("L", layers)))


def _pair(layers: pd.DataFrame, names: tuple[str, str, str], words: dict, unit: str, shape: str, offset: float,
          pattern: str) -> dict:
    value, low, high = (layers[name].to_numpy(np.float32) for name in names)
    return {"type": "bar", "x": np.arange(len(layers)) + offset, "y": value, "width": 0.36, "name": words[names[0]],
            "marker": {**BAR, "pattern": {"shape": pattern, "size": 6, "solidity": 0.35}},
            "error_y": drawing.whiskers(value, low, high),
            "customdata": np.stack([low, high, layers["n"].to_numpy(np.float32)], -1),
            "text": [f"L{layer}" for layer in layers["layer"]], "textposition": "none",
            "hovertemplate": (f"%{{text}} · {words[names[0]]}<br>%{{y:{shape}}} {unit}<br>{words['interval']} "
                              f"%{{customdata[0]:{shape}}} – %{{customdata[1]:{shape}}}<br>n = %{{customdata[2]}}"
                              "<extra></extra>")}


def _legend() -> dict:
    return {"showlegend": True, "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom",
                                           "font": {"color": theme.MUTE}, "traceorder": "normal"}}
