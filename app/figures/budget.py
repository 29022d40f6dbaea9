"""Pictures of a mixed-precision plan: its size against its damage, and maps of bits, load, sensitivity and damage.

They know the points, parts and damages tables by their columns; nothing is predicted here but what is named so.
"""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app import theme
from app.figures import drawing
from app.figures.drawing import Labels, downward, picture

OWN = {  # words that only these figures print
    "size_file": "size of the file (MB)", "size_touched": "bytes touched per token (MB)",
    "upper": "rise of perplexity, upper end of 95 % interval", "gate": "gate", "passes": "passes", "fails": "fails",
    "ilp": "optimiser", "uniform": "one format for all", "router_fp32": "one format, routers fp32",
    "rule": "rule of thumb", "random": "by chance", "exported": "exported and run", "chosen": "this plan",
    "attention": "attn", "router": "router", "shared": "shared", "embedding": "emb", "head": "head", "bits": "bits",
    "load": "share of tokens", "sensitivity": "Fisher (to int4)", "delta": "rise of perplexity",
    "experts_int4": "experts int4, rest fp16", "experts_int2": "experts int2, rest fp16",
    "amp": "fp16, ends and routers fp32", "ends_int8": "int4, embedding int8",
}
ENGLISH = drawing.ENGLISH | OWN
FLOOR = {"upper": 1e-4, "kl": 1e-6}  # a logarithm knows no 0: what is less is drawn here, its hover says the truth
STYLES = {  # family -> symbol, size, colour, whether a line joins its points
    "random": ("circle", 5, theme.FAINT, False), "uniform": ("square", 9, theme.CHANCE, True),
    "router_fp32": ("diamond", 8, theme.MUTE, False), "rule": ("triangle-up", 10, theme.MUTE, False),
    "exported": ("x-thin", 10, theme.INK, False), "ilp": ("circle", 7, theme.ACCENT, True),
    "chosen": ("star", 17, theme.ACCENT, False),
}
NAMED = ("uniform", "rule")
MEGABYTE = 1e6
TICKS = [step * 10.0**power for power in range(-3, 4) for step in (1, 2, 3, 5)]  # megabytes
SHADES = {2: 0.0, 4: 0.1, 8: 0.2, 16: 0.6, 32: 1.0}  # bits -> place on the scale; none in the middle, see _shade
COLUMNS = ("attention", "router", "shared")
ENDS = ("embedding", "head")


def pareto(points: pd.DataFrame, measure: str, tolerance: float, size: str = "bytes", *,
           labels: Labels = None) -> go.Figure:
    """Every plan that was measured: to the left is smaller, below is better; a filled mark passes the gate."""
    words = ENGLISH | dict(labels or {})
    shown = points[np.isfinite(points[measure])]
    traces = [_family(shown[shown["family"] == family].sort_values(size), family, measure, size, words)
              for family in STYLES if (shown["family"] == family).any()]
    gate = {}
    if measure == "upper" and tolerance > FLOOR["upper"]:
        gate = {"shapes": [drawing.level_line(tolerance)],
                "annotations": [drawing.note(f"{words['gate']} {tolerance:.2%}", 1, np.log10(tolerance), yref="y",
                                             xanchor="right", yanchor="bottom")]}
    axis = {"type": "log", "showgrid": True, "gridcolor": theme.LINE}
    tick = {"tickformat": ".3~%"} if measure == "upper" else {"exponentformat": "power"}
    name = "size_touched" if size == "touched" else "size_file"
    return picture(440, traces, **gate, showlegend=True,
                   legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"color": theme.MUTE}},
                   xaxis={**axis, "tickvals": TICKS, "ticktext": [f"{tick:g}" for tick in TICKS],
                          "title": {"text": words[name]}},
                   yaxis={**axis, **tick, "dtick": 1, "title": {"text": words[measure]}})


def bits_map(parts: pd.DataFrame, *, labels: Labels = None) -> go.Figure:
    """The format of every part; the darker, the more bits a number has."""
    words = ENGLISH | dict(labels or {})
    rows = parts.assign(value=parts["bits"].map(SHADES), text=parts["format"])
    hover = f"%{{text}} · %{{customdata}} {words['bits']}"
    return _map(rows.assign(told=parts["bits"].astype(str)), words, hover)


def load_map(parts: pd.DataFrame, *, labels: Labels = None) -> go.Figure:
    """The share of tokens that met every expert."""
    words = ENGLISH | dict(labels or {})
    experts = parts[parts["kind"] == "expert"]
    top = max(float(experts["load"].max()), 0.01)
    rows = experts.assign(value=_shade(experts["load"].to_numpy(float) / top),
                          text=[f"{load:.0%}" for load in experts["load"]],
                          told=[f"{load:.2%}" for load in experts["load"]])
    return _map(rows, words, f"{words['load']} %{{customdata}}")


def sensitivity_map(parts: pd.DataFrame, *, labels: Labels = None) -> go.Figure:
    """How much each part would mind int4, as Fisher's information ranks it; a logarithmic scale."""
    return _logarithmic(parts, "sensitivity", ENGLISH | dict(labels or {}))


def damage_map(damages: pd.DataFrame, *, labels: Labels = None) -> go.Figure:
    """The KL that was measured with each part alone in a short format; a logarithmic scale."""
    return _logarithmic(damages, "kl", ENGLISH | dict(labels or {}))


def _family(points: pd.DataFrame, family: str, measure: str, size: str, words: dict) -> dict:
    symbol, width, colour, joined = STYLES[family]
    passed = points["passed"].astype(bool).to_numpy()
    names = [drawing.safe(words.get(name, name)) for name in points["name"]]
    named = family in NAMED
    hollow = "" if symbol == "x-thin" else "-open"
    told = [f"{drawing.safe(words[family])} · {name}<br>{row.bytes / MEGABYTE:.3f} MB<br>KL {row.kl:.2e}"
            + ("" if row.upper != row.upper else f"<br>{words['delta']} {row.delta:+.3%} [{row.low:+.3%}, "
               f"{row.upper:+.3%}]<br>{words['passes'] if row.passed else words['fails']}")
            for name, row in zip(names, points.itertuples(), strict=True)]
    return {
        "type": "scatter", "name": words[family], "cliponaxis": False,
        "mode": "+".join(["markers", *(["lines"] if joined else []), *(["text"] if named else [])]),
        "x": points[size].to_numpy(float) / MEGABYTE, "y": points[measure].clip(lower=FLOOR[measure]).to_numpy(float),
        "text": names if named else None, "textposition": "top right" if family == "rule" else "bottom left",
        "textfont": {"size": 10, "color": theme.MUTE},
        "line": {"color": colour, "width": 1.5, "dash": "solid" if family == "ilp" else "dot"},
        "marker": {"size": width, "color": colour, "symbol": [symbol if ok else symbol + hollow for ok in passed],
                   "line": {"width": 2 if symbol == "x-thin" else 1.4, "color": colour}},
        "hovertext": told, "hovertemplate": "%{hovertext}<extra></extra>"}


def _logarithmic(table: pd.DataFrame, column: str, words: dict) -> go.Figure:
    values = np.maximum(table[column].to_numpy(float), 1e-12)
    exponents = np.log10(values) - np.log10(values.min())
    rows = table.assign(value=_shade(exponents / max(exponents.max(), 1e-9)), text=[_short(value) for value in values],
                        told=[f"{value:.2e}" for value in values])
    return _map(rows, words, f"{words[column]} %{{customdata}}")


def _shade(share: np.ndarray) -> np.ndarray:
    """Shares of the largest as places on the scale; its middle is left out, since no ink can be read on it."""
    return np.where(share < 0.6, share / 0.6 * 0.22, 0.5 + (share - 0.6) / 0.4 * 0.5)


def _short(value: float) -> str:
    mantissa, exponent = f"{value:.0e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def _map(rows: pd.DataFrame, words: dict, hover: str) -> go.Figure:
    """Parts as cells: layers downward between embedding and head; attention, router and shared expert left of all."""
    kinds = [kind for kind in COLUMNS if (rows["kind"] == kind).any()]
    experts = sorted(rows.loc[rows["kind"] == "expert", "expert"].astype(int).unique().tolist())
    layers = sorted(rows["layer"].dropna().astype(int).unique().tolist())
    first = [end for end in ENDS[:1] if (rows["kind"] == end).any()]
    last = [end for end in ENDS[1:] if (rows["kind"] == end).any()]
    down, across = [*first, *layers, *last], [*kinds, *experts]
    values, texts = np.full((len(down), len(across)), np.nan), np.full((len(down), len(across)), "", object)
    told = texts.copy()
    for row in rows.itertuples():
        at = down.index(row.kind if row.kind in ENDS else int(row.layer))
        column = 0 if row.kind in ENDS else across.index(int(row.expert) if row.kind == "expert" else row.kind)
        values[at, column], texts[at, column], told[at, column] = row.value, row.text, row.told
    cells = {
        "type": "heatmap", "x": np.arange(len(across)), "y": np.arange(len(down)), "z": values.astype(np.float32),
        "xgap": 2, "ygap": 2, "zmin": 0, "zmax": 1, "showscale": False, "colorscale": theme.PROBABILITY_SCALE,
        "text": texts, "texttemplate": "%{text}", "textfont": {"size": 10}, "customdata": told, "hoverongaps": False,
        "hovertemplate": f"%{{y}} · %{{x}}<br>{hover}<extra></extra>"}
    return picture(60 + 30 * len(down), [cells], yaxis=downward(_named(down, "L", words)),
                   xaxis={**_named(across, "E", words), "tickangle": 0, "side": "top"})


def _named(places: list, letter: str, words: dict) -> dict:
    return {"range": drawing.span(range(len(places))), "tickvals": np.arange(len(places)),
            "ticktext": [words[place] if isinstance(place, str) else f"{letter}{place}" for place in places]}
