"""Pictures of what a shorter format does inside: growing errors, routers, ranges, forks, and modelled costs.

They know the tables of the tab's sections by their columns; red means a flip, a fork or an overflow, nothing else.
"""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app import theme
from app.figures import drawing
from app.figures.drawing import Labels, numbered, picture
from app.figures.precision import LOG_AXIS, SMALLEST

OWN = {  # words that only these figures print
    "error": "relative error of the stream", "free": "its own routes", "replayed": "fp32's routes",
    "short": "routers short too", "fp32": "routers kept in fp32", "alone": "only the routers short",
    "any_flips": "tokens with a flip", "trained": "trained", "untrained": "untrained",
    "power": "inner numbers × 2ⁿ, n =",
    "mean_kl": "mean KL (nats)", "lost": "tokens lost", "limit": "largest fp16 number, 65,504",
    "largest": "largest number", "stream": "stream behind the layer", "scores": "router logits",
    "routed": "inside routed experts", "shared": "inside the shared expert", "gap": "lead of the best score",
    "usual": "median", "step": "new token", "modelled": "energy, fp32 = 1",
    "dram": "parameters in DRAM", "sram": "parameters on the chip", "identical": "the same to the bit",
}
ENGLISH = drawing.ENGLISH | OWN
ROUTER_COLOURS = {"short": theme.BAR, "fp32": theme.ACCENT, "alone": theme.CHANCE}
PLACE_COLOURS = {"stream": theme.BAR, "scores": theme.FAINT, "routed": theme.ACCENT, "shared": theme.CHANCE}
LEGEND = {"showlegend": True, "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom",
                                         "font": {"color": theme.MUTE}, "traceorder": "normal"}}
FP16_LIMIT = 65504.0


def error_growth(growth: pd.DataFrame, *, labels: Labels = None) -> go.Figure:
    """How far the residual stream has left fp32's behind each layer: with routes of its own, and with fp32's."""
    words = ENGLISH | dict(labels or {})
    layers = growth.loc[~growth["replay"], "layer"].to_numpy()
    free, replayed = (_errors(growth[growth["replay"] == replay], words[name], colour, dash, words)
                      for replay, name, colour, dash in ((False, "free", theme.ACCENT, "solid"),
                                                         (True, "replayed", theme.CHANCE, "dash")))
    free["marker"] |= {"symbol": np.where(growth.loc[~growth["replay"], "flips"] > 0, "diamond", "circle").tolist()}
    return picture(280, [free, replayed], xaxis=numbered("L", layers),
                   yaxis={**LOG_AXIS, "title": {"text": words["error"]}}, **LEGEND)


def router_flips(report: pd.DataFrame, *, labels: Labels = None) -> go.Figure:
    """Tokens with a flip, for three treatments of the routers, with 95 % interval."""
    words = ENGLISH | dict(labels or {})
    bars = [_shares(report[report["routers"] == routers], words[routers], colour, words)
            for routers, colour in ROUTER_COLOURS.items()]
    return picture(260, bars, barmode="group", bargap=0.3, yaxis=_share_axis(report, words), **LEGEND)


def pair_flips(report: pd.DataFrame, *, labels: Labels = None) -> go.Figure:
    """Tokens with a flip in the trained and in the untrained model, with 95 % interval."""
    words = ENGLISH | dict(labels or {})
    bars = [_shares(report[report["trained"] == trained], words[name], colour, words)
            for trained, name, colour in ((True, "trained", theme.BAR), (False, "untrained", theme.FAINT))]
    return picture(240, bars, barmode="group", bargap=0.3, yaxis=_share_axis(report, words), **LEGEND)


def pair_kl(report: pd.DataFrame, *, labels: Labels = None) -> go.Figure:
    """Mean KL in the trained and in the untrained model, with 95 % interval; logarithmic."""
    words = ENGLISH | dict(labels or {})
    points = []
    for trained, name, colour in ((True, "trained", theme.BAR), (False, "untrained", theme.CHANCE)):
        rows = report[report["trained"] == trained]
        kl, low, high = (_on_log(rows[column]) for column in ("mean_kl", "mean_kl_low", "mean_kl_high"))
        points.append({"type": "scatter", "mode": "markers", "name": words[name], "x": rows["format"].tolist(), "y": kl,
                       "marker": {"size": 10, "color": colour, "symbol": "circle" if trained else "diamond-open"},
                       "error_y": drawing.whiskers(kl, low, high),
                       "hovertemplate": f"%{{x}}<br>{words['mean_kl']} %{{y:.2g}}<extra></extra>"})
    return picture(240, points, yaxis={**LOG_AXIS, "title": {"text": words["mean_kl"]}}, **LEGEND)


def cliff(cliff: pd.DataFrame, power: int, *, labels: Labels = None) -> go.Figure:
    """One function in growing inner numbers: fp32 is the same to the bit, bf16 does not mind, fp16 falls off.
    A red cross: the format ran out of range."""
    words = ENGLISH | dict(labels or {})
    lines = []
    for format, colour, symbol in (("fp32", theme.CHANCE, "square"), ("bf16", theme.BAR, "circle"),
                                   ("fp16", theme.ACCENT, "diamond")):
        rows = cliff[(cliff["format"] == format) & (cliff["lost"] == 0)]
        lines.append({"type": "scatter", "mode": "lines+markers", "name": format, "x": rows["power"].to_numpy(),
                      "y": _on_log(rows["mean_kl"]), "line": {"color": colour, "width": 2}, "cliponaxis": False,
                      "marker": {"size": 7, "symbol": symbol}, "customdata": rows["identical"].to_numpy(),
                      "hovertemplate": (f"{format} · n = %{{x}}<br>{words['mean_kl']} %{{y:.2g}}"
                                        f"<extra></extra>")})
    lost = cliff[cliff["lost"] > 0]
    top = float(_on_log(cliff["mean_kl"].fillna(0)).max()) * 30
    lines.append({"type": "scatter", "mode": "markers+text", "name": words["lost"], "x": lost["power"].to_numpy(),
                  "y": np.full(len(lost), top), "cliponaxis": False, "customdata": lost["lost"].to_numpy(np.float32),
                  "text": [f"{share:.0%}" if first else "" for first, share in
                           zip(lost["lost"].diff() != 0, lost["lost"], strict=True)],  # once, where it changes
                  "textposition": "top center", "textfont": {"size": 9, "color": theme.MUTE},
                  "marker": {"symbol": "x", "size": 9, "color": theme.FLIP},
                  "hovertemplate": f"fp16 · n = %{{x}}<br>{words['lost']} %{{customdata:.0%}}<extra></extra>"})
    here = {"type": "line", "layer": "below", "yref": "paper", "y0": 0, "y1": 1, "x0": power, "x1": power,
            "line": {"width": 14, "color": theme.LINE}}
    powers = np.sort(cliff["power"].unique())
    return picture(320, lines, shapes=[here], yaxis={**LOG_AXIS, "dtick": 2, "title": {"text": words["mean_kl"]}},
                   xaxis={"range": drawing.span(powers), "tickvals": powers, "title": {"text": words["power"]}},
                   **LEGEND)


def ranges(ranges: pd.DataFrame, *, labels: Labels = None) -> go.Figure:
    """The largest numbers of every layer on a logarithmic scale; dashed: beyond it fp16 knows only infinity."""
    words = ENGLISH | dict(labels or {})
    layers = np.sort(ranges["layer"].unique())
    bars = []
    for place, colour in PLACE_COLOURS.items():
        rows = ranges[ranges["place"] == place]
        if len(rows):
            bars.append({"type": "bar", "name": words[place], "x": np.searchsorted(layers, rows["layer"]),
                         "y": _on_log(rows["largest"]), "marker": {"color": colour, "cornerradius": 2},
                         "customdata": rows[["median", "headroom"]].to_numpy(np.float32),
                         "hovertemplate": (f"%{{x}} · {words[place]}<br>{words['largest']} %{{y:.3g}}<br>"
                                           f"{words['usual']} %{{customdata[0]:.2g}}<extra></extra>")})
    limit = drawing.note(words["limit"], 1, np.log10(FP16_LIMIT), yref="y", xanchor="right", yanchor="bottom")
    return picture(300, bars, barmode="group", bargap=0.25, shapes=[drawing.level_line(FP16_LIMIT)],
                   annotations=[limit],
                   xaxis=numbered("L", layers), **LEGEND,
                   yaxis={**LOG_AXIS, "range": [-1, 5.4], "title": {"text": words["largest"]}})


def gaps(twins: pd.DataFrame, fork: int | None, *, labels: Labels = None) -> go.Figure:
    """How clear fp32's choice of every new token was; a red diamond where the other format's text parts from it."""
    words = ENGLISH | dict(labels or {})
    rows = twins[twins["gap"].notna()]
    at_fork = (rows["step"] == fork).to_numpy() if fork is not None else np.zeros(len(rows), bool)
    points = {
        "type": "scatter", "mode": "lines+markers", "x": rows["step"].to_numpy() + 1, "y": _on_log(rows["gap"]),
        "line": {"color": theme.FAINT, "width": 1}, "text": drawing.all_safe(rows["token"]), "cliponaxis": False,
        "marker": {"size": np.where(at_fork, 13, 6), "symbol": np.where(at_fork, "diamond", "circle").tolist(),
                   "color": np.where(at_fork, theme.FLIP, theme.BAR).tolist(), "opacity": 1},
        "hovertemplate": f"%{{text}} · {words['step']} %{{x}}<br>{words['gap']} %{{y:.2g}}<extra></extra>"}
    median = float(rows["gap"].median())
    told = drawing.note(words["usual"], 1, np.log10(max(median, SMALLEST)), yref="y", xanchor="right", yanchor="bottom")
    return picture(240, [points], shapes=[drawing.level_line(median)], annotations=[told],
                   xaxis={"title": {"text": words["step"]}}, yaxis={**LOG_AXIS, "title": {"text": words["gap"]}})


def modelled(cost: pd.DataFrame, *, labels: Labels = None) -> go.Figure:
    """The 45 nm model: multiplications plus moved parameters of one token, fp32 = 1; for comparison only."""
    words = ENGLISH | dict(labels or {})
    bars = []
    for place, colour in (("dram", theme.BAR), ("sram", theme.CHANCE)):
        energy = (cost["arithmetic"] + cost[place]).to_numpy(np.float64)
        share = (energy / energy[0]).astype(np.float32)
        bars.append({"type": "bar", "name": words[place], "x": cost["plan"].tolist(), "y": share,
                     "marker": {"color": colour, "cornerradius": 3}, "text": [f"{value:.2f}" for value in share],
                     "textposition": "outside", "textfont": {"size": 10, "color": theme.INK}, "cliponaxis": False,
                     "hovertemplate": f"%{{x}} · {words[place]}<br>{words['modelled']}: %{{y:.3f}}<extra></extra>"})
    return picture(240, bars, barmode="group", bargap=0.3, **LEGEND,
                   yaxis={"range": [0, 1.15], "nticks": 4, "title": {"text": words["modelled"]}})


def _errors(rows: pd.DataFrame, name: str, colour: str, dash: str, words: dict) -> dict:
    error, low, high = (_on_log(rows[column]) for column in ("error", "low", "high"))
    return {"type": "scatter", "mode": "lines+markers", "name": name, "x": np.arange(len(rows)), "y": error,
            "line": {"color": colour, "width": 2, "dash": dash}, "marker": {"size": 8, "color": colour},
            "error_y": drawing.whiskers(error, low, high), "customdata": rows[["flips", "n"]].to_numpy(np.int32),
            "hovertemplate": (f"%{{x}} · {name}<br>{words['error']} %{{y:.2g}}<br>{words['flips']} "
                              "%{customdata[0]} / %{customdata[1]}<extra></extra>")}


def _shares(rows: pd.DataFrame, name: str, colour: str, words: dict) -> dict:
    share, low, high = (rows[f"any_flips{end}"].to_numpy(np.float32) for end in ("", "_low", "_high"))
    return {"type": "bar", "name": name, "x": rows["format"].tolist(), "y": share,
            "marker": {"color": colour, "cornerradius": 3}, "customdata": np.stack([low, high], 1),
            "error_y": drawing.whiskers(share, low, high) | {"color": theme.INK},
            "hovertemplate": (f"%{{x}} · {name}<br>{words['any_flips']} %{{y:.2%}}<br>{words['interval']} "
                              "%{customdata[0]:.2%} – %{customdata[1]:.2%}<extra></extra>")}


def _share_axis(report: pd.DataFrame, words: dict) -> dict:
    top = float(np.nanmax(report["any_flips_high"].to_numpy(float), initial=0.01))
    return {"range": [0, 1.1 * top], "tickformat": ".0%", "nticks": 5, "title": {"text": words["any_flips"]}}


def _on_log(numbers: pd.Series) -> np.ndarray:
    """Above zero, as a logarithmic axis wants it; what is no number or endless stays away."""
    values = numbers.to_numpy(np.float64)
    return np.where(np.isfinite(values), np.maximum(values, SMALLEST), np.nan).astype(np.float32)
