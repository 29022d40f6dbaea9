"""Pictures of training: losses beside the twin's, scores, load over time, word vectors, runs and strategies compared.

They know their tables by the columns; a dashed grey line is a blind guess or an even load.
"""

import math

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app import theme
from app.figures import drawing
from app.figures.drawing import Labels, picture

OWN = {  # words that only these figures print
    "step": "step", "epoch": "epoch", "loss": "training loss", "validation_loss": "held-out loss",
    "twin_loss": "dense twin, training", "twin_validation_loss": "dense twin, held out", "nats": "nats per token",
    "blind": "blind guess", "even": "even", "accuracy": "accuracy", "recall": "recall", "f1": "F1",
    "train": "training", "validation": "validation", "english": "English", "chinese": "Chinese", "violation": "MaxVio",
    "sentence": "the article's sentence", "spread": "mean and spread over the seeds",
}
ENGLISH = drawing.ENGLISH | OWN
LINES = {  # column: colour, dash, width
    "loss": (theme.ACCENT, "solid", 1.2), "validation_loss": (theme.ACCENT, "dot", 2.4),
    "twin_loss": (theme.CHANCE, "solid", 1.2), "twin_validation_loss": (theme.CHANCE, "dot", 2.4),
}
DASHES = ("solid", "dash", "dot", "dashdot")
COLOURS = (theme.ACCENT, theme.INK, theme.BAR, theme.MUTE)


def losses(table: pd.DataFrame, blind: float, *, over: str = "step", labels: Labels = None) -> go.Figure:
    """Loss step by step: blue the mixture, grey its dense twin on the same batches; dotted: on held-out text."""
    words = ENGLISH | dict(labels or {})
    lines = [_line(table, over, name, words[name], *LINES[name]) for name in LINES if name in table]
    return picture(300, lines, **_legend(), shapes=[drawing.level_line(blind)],
                   annotations=[_level_note(blind, words["blind"])],
                   xaxis={"title": {"text": words[over]}}, yaxis={"title": {"text": words["nats"]}, "nticks": 6})


def scores(table: pd.DataFrame, chance: float, *, labels: Labels = None) -> go.Figure:
    """Accuracy, recall and F1 after every epoch: solid on the training pairs, dotted on the validation pairs."""
    words = ENGLISH | dict(labels or {})
    lines = []
    for part, dash in (("train", "solid"), ("validation", "dot")):
        for place, name in enumerate(("accuracy", "recall", "f1")):
            line = _line(table, "epoch", f"{part}_{name}", f"{words[name]}, {words[part]}", COLOURS[place], dash, 2)
            lines.append(line | {"mode": "lines+markers", "marker": {"size": 9 - 2 * place}})
    return picture(300, lines, **_legend(), shapes=[drawing.level_line(chance)],
                   xaxis={"title": {"text": words["epoch"]}, "dtick": 1},
                   yaxis={"range": [-0.03, 1.05], "tickformat": ".0%", "nticks": 6})


def load_over_time(load: pd.DataFrame, *, over: str = "step", labels: Labels = None) -> go.Figure:
    """Share of the routed slots of every expert, layer by layer, as training goes on; an idle expert is pale."""
    words = ENGLISH | dict(labels or {})
    layers, experts = np.sort(load["layer"].unique()), np.sort(load["expert"].unique())
    times = np.sort(load[over].unique())
    shares = load.pivot(index=["layer", "expert"], columns=over, values="share").reindex(
        pd.MultiIndex.from_product([layers, experts])).to_numpy(np.float32)
    rows = np.concatenate([np.arange(len(experts)) + place * (len(experts) + 1) for place in range(len(layers))])
    everything = np.full((int(rows[-1]) + 1, len(times)), np.nan, np.float32)  # an empty row between two layers
    everything[rows] = shares
    several = len(layers) > 1
    names = [f"L{layer} E{expert}" if several else f"E{expert}" for layer in layers for expert in experts]
    cells = {"type": "heatmap", "x": times, "y": np.arange(len(everything)), "z": everything, "zmin": 0,
             "zmax": float(max(0.5, np.nanmax(shares, initial=0))), "colorscale": theme.PROBABILITY_SCALE,
             "hoverongaps": False, "customdata": _names(len(everything), rows, names, len(times)),
             "colorbar": {"thickness": 8, "outlinewidth": 0, "xpad": 6, "nticks": 5, "tickformat": ".0%",
                          "tickfont": {"size": 10, "color": theme.MUTE}},
             "hovertemplate": f"%{{customdata}} · {words[over]} %{{x}}<br>{words['share']} %{{z:.1%}}<extra></extra>"}
    size = 10 if len(rows) <= 40 else 8
    return picture(70 + (22 if not several else 12) * len(everything), [cells],
                   xaxis={"title": {"text": words[over]}, **({"dtick": 1} if over == "epoch" else {})},
                   yaxis={"range": [len(everything) - 0.5, -0.5], "tickvals": rows, "ticktext": names,
                          "tickfont": {"size": size, "color": theme.MUTE}})


def violations(table: pd.DataFrame, *, labels: Labels = None) -> go.Figure:
    """How much more than its even share the busiest expert of each layer gets: 0 = even."""
    words = ENGLISH | dict(labels or {})
    lines = [_line(of_layer, "step", "max_violation", f"L{layer}", COLOURS[place % 4], DASHES[place // 4 % 4], 2)
             for place, (layer, of_layer) in enumerate(table.groupby("layer"))]
    return picture(240, lines, **_legend(), shapes=[drawing.level_line(0)],
                   xaxis={"title": {"text": words["step"]}},
                   yaxis={"title": {"text": words["violation"]}, "rangemode": "tozero", "nticks": 6})


def word_map(vectors: pd.DataFrame, *, labels: Labels = None) -> go.Figure:
    """Every word by its vector's first two principal components; the article's sentence is joined by a line."""
    words = ENGLISH | dict(labels or {})
    clouds = [_cloud(vectors[vectors["language"] == language], words[language], colour, symbol)
              for language, colour, symbol in (("english", theme.CHANCE, "circle"), ("chinese", theme.BAR, "diamond"))]
    told = vectors[vectors["place"] >= 0].sort_values("place")
    path = {"type": "scatter", "mode": "lines+markers+text", "name": words["sentence"],
            "x": told["x"].to_numpy(np.float32), "y": told["y"].to_numpy(np.float32),
            "text": drawing.all_safe(told["word"]), "textposition": "top center", "cliponaxis": False,
            "textfont": {"size": 14, "color": theme.INK}, "line": {"color": theme.ACCENT, "width": 1.6},
            "marker": {"size": 9, "color": theme.ACCENT}, "hoverinfo": "text"}
    return picture(380, [*clouds, path], **_legend(), xaxis={"showticklabels": False}, yaxis={"showticklabels": False})


def compared(table: pd.DataFrame, *, labels: Labels = None) -> go.Figure:
    """Held-out loss of every kept run, step by step."""
    words = ENGLISH | dict(labels or {})
    lines = [_line(run, "step", "validation_loss", drawing.safe(name), COLOURS[place % 4], DASHES[place % 4], 2)
             for place, (name, run) in enumerate(table.groupby("run", sort=False))]
    return picture(280, lines, **_legend(), xaxis={"title": {"text": words["step"]}},
                   yaxis={"title": {"text": words["nats"]}, "nticks": 6})


def strategies(table: pd.DataFrame, *, labels: Labels = None) -> go.Figure:
    """Held-out loss of every strategy, mean and spread over its seeds; the dashed line is the usual mixture."""
    words = ENGLISH | dict(labels or {})
    rows = np.arange(len(table))
    known = table["spread"].notna().any()  # one seed has none
    spread = table["spread"].fillna(0).to_numpy(np.float32)
    whiskers = {"array": spread, "thickness": 1.4, "width": 4, "color": theme.MUTE}
    points = {"type": "scatter", "mode": "markers", "x": table["loss"].to_numpy(np.float32), "y": rows,
              "marker": {"size": 9, "color": theme.ACCENT, "line": {"width": 1, "color": theme.PANEL}},
              **({"error_x": whiskers} if known else {}), "text": drawing.all_safe(table["name"]), "hovertemplate":
              f"%{{text}}<br>{words['spread']} %{{x:.3f}} ± %{{error_x.array:.3f}}<extra></extra>" if known else
              "%{text}<br>%{x:.3f}<extra></extra>"}
    usual = table.loc[table["kind"] == "usual", "loss"]
    lines = [{**drawing.level_line(0), "xref": "x", "yref": "paper", "x0": float(value), "x1": float(value), "y0": 0,
              "y1": 1} for value in usual]
    return picture(60 + 26 * len(table), [points], shapes=lines, right=20,
                   xaxis={"title": {"text": words["nats"]}, "nticks": 7},
                   yaxis={"range": [len(table) - 0.5, -0.5], "tickvals": rows,
                          "ticktext": drawing.all_safe(table["name"]), "tickfont": {"size": 12, "color": theme.INK}})


def _line(table: pd.DataFrame, x: str, y: str, name: str, colour: str, dash: str, width: float) -> dict:
    known = table[table[y].notna()]
    return {"type": "scatter", "mode": "lines", "name": name, "x": known[x].to_numpy(), "connectgaps": True,
            "y": known[y].to_numpy(np.float32), "line": {"color": colour, "dash": dash, "width": width},
            "hovertemplate": f"%{{x}}: %{{y:.3f}}<extra>{drawing.safe(name)}</extra>"}


def _cloud(points: pd.DataFrame, name: str, colour: str, symbol: str) -> dict:
    return {"type": "scatter", "mode": "markers", "name": name, "x": points["x"].to_numpy(np.float32),
            "y": points["y"].to_numpy(np.float32), "hovertext": drawing.all_safe(points["word"]), "hoverinfo": "text",
            "marker": {"size": 5, "color": colour, "symbol": symbol, "opacity": 0.55}}


def _names(height: int, rows: np.ndarray, names: list[str], width: int) -> list[list[str]]:
    of_row = dict(zip(rows.tolist(), names, strict=True))
    return [[of_row.get(row, "")] * width for row in range(height)]


def _level_note(level: float, word: str) -> dict:
    return drawing.note(f"{word} {level:.2f}" if math.isfinite(level) else word, 1, level, yref="y", xanchor="right",
                        yanchor="bottom")


def _legend() -> dict:
    return {"showlegend": True, "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom",
                                           "font": {"color": theme.MUTE}, "traceorder": "normal"}}
