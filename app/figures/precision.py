"""Pictures of two walks over the same tokens in different number formats: where routes part, and what it costs.

They know the agreement, flips and outputs tables; red means a routing flip or an overflow, and nothing else.
"""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app import theme
from app.figures import drawing
from app.figures.drawing import Labels, downward, numbered, picture

SMALLEST = 1e-9  # a logarithmic axis has no zero: an exact match is drawn here
LARGEST = 1e5    # beyond fp16's range: an error without end is drawn here
LOG_AXIS = {"type": "log", "exponentformat": "power", "dtick": 1, "tickfont": {"size": 9, "color": theme.MUTE},
            "showgrid": True, "gridcolor": theme.LINE, "gridwidth": 1}


def flip_map(agreement: pd.DataFrame, *, labels: Labels = None) -> go.Figure:
    """Red cells are routing flips: there the two formats sent a token to different experts.
    Light red: they kept some experts in common; full red: none."""
    words = drawing.words(labels)
    layers, tokens = np.sort(agreement["layer"].unique()), drawing.tokens_of(agreement)
    overlap, margin, error = (drawing.grid(agreement, "layer", "position", name)
                              for name in ("overlap", "margin", "logit_error"))
    cells = {
        "type": "heatmap", "x": tokens.index.to_numpy(), "y": np.arange(len(layers)), "z": 1 - overlap,
        "zmin": 0, "zmax": 1, "showscale": False, "colorscale": theme.FLIP_SCALE,
        "xgap": 1 if len(tokens) < 200 else 0, "ygap": 2,
        "customdata": np.stack([overlap, margin, error], axis=-1), "text": [drawing.all_safe(tokens)] * len(layers),
        "hovertemplate": (f"%{{text}} · %{{y}}<br>{words['overlap']} %{{customdata[0]:.0%}}<br>{words['margin']} "
                          f"%{{customdata[1]:.3g}}<br>{words['logit_error']} %{{customdata[2]:.2g}}<extra></extra>")}
    return picture(60 + 26 * len(layers), [cells], yaxis=downward(numbered("L", layers)),
                   **drawing.along_bottom(tokens, words["position"]))


def flips_per_layer(flips: pd.DataFrame, *, labels: Labels = None) -> go.Figure:
    """The part of the tokens whose set of experts changed, layer by layer, with the 95 % interval."""
    words = drawing.words(labels)
    share, low, high = (flips[name].to_numpy(np.float32) for name in ("share", "low", "high"))
    bars = {
        "type": "bar", "x": np.arange(len(flips)), "y": share, "width": 0.6,
        "marker": {"color": theme.FLIP, "cornerradius": 3}, "error_y": drawing.whiskers(share, low, high),
        "customdata": flips[["low", "high", "flips", "tokens"]].to_numpy(np.float32),
        "hovertemplate": (f"%{{x}}<br>{words['flips']} %{{customdata[2]}} / %{{customdata[3]}} (%{{y:.2%}})"
                          f"<br>{words['interval']} %{{customdata[0]:.2%}} – %{{customdata[1]:.2%}}<extra></extra>")}
    return picture(180, [bars], xaxis=numbered("L", flips["layer"]),
                   yaxis={"range": [0, 1.1 * float(np.nanmax(high, initial=0.01))], "tickformat": ".1~%", "nticks": 4,
                          "title": {"text": words["flips"]}})


def margin_against_flip(agreement: pd.DataFrame, *, labels: Labels = None) -> go.Figure:
    """Every decision of every router: how clear it was, and by how much the format moved its scores.
    Below the dashed line the error is less than half the margin and cannot turn the choice."""
    words = drawing.words(labels)
    same = agreement["same_choice"].to_numpy(bool)
    kept = _decisions(agreement[same], words, {"size": 4, "color": theme.CHANCE, "opacity": 0.55})
    flipped = _decisions(agreement[~same], words, {"size": 7, "color": theme.FLIP})
    return picture(340, [kept | {"name": words["no_flip"]}, flipped | {"name": words["flip"]},
                         _limit(agreement["margin"], words["no_flip_below"])],
                   xaxis={**LOG_AXIS, "title": {"text": words["margin"]}},
                   yaxis={**LOG_AXIS, "title": {"text": words["logit_error"]}}, showlegend=True,
                   legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "font": {"color": theme.MUTE}})


def kl_per_token(outputs: pd.DataFrame, *, labels: Labels = None) -> go.Figure:
    """How much information the shorter format loses about each next token (KL divergence, logarithmic scale).
    A diamond: there the likeliest next token itself changed; a red cross: the format ran out of range."""
    words = drawing.words(labels)
    changed = (outputs["top_a"] != outputs["top_b"]).to_numpy()
    points = {
        "type": "scatter", "mode": "lines+markers", "cliponaxis": False, "x": outputs["position"].to_numpy(),
        "y": _on_log(outputs["kl"]), "line": {"color": theme.FAINT, "width": 1}, "text": _next_of_both(outputs),
        "marker": {"size": np.where(changed, 10, 5), "color": np.where(changed, theme.ACCENT, theme.BAR).tolist(),
                   "symbol": np.where(changed, "diamond", "circle").tolist(), "opacity": 1},
        "hovertemplate": f"%{{text}}<br>{words['kl']} %{{y:.2g}}<extra></extra>"}
    return picture(220, [points, _overflows(outputs, "kl")], yaxis={**LOG_AXIS, "title": {"text": words["kl"]}},
                   **drawing.along_bottom(drawing.tokens_of(outputs), words["position"]))


def logit_difference(outputs: pd.DataFrame, *, labels: Labels = None) -> go.Figure:
    """By how much the most disturbed of all next-token scores moved, token by token.
    A red cross: there the format ran out of range."""
    words = drawing.words(labels)
    name = "max_abs_logit_difference"
    bars = {
        "type": "bar", "x": outputs["position"].to_numpy(), "y": outputs[name].to_numpy(np.float32),
        "marker": {"color": theme.BAR, "line": {"width": 0}}, "text": _next_of_both(outputs), "textposition": "none",
        "hovertemplate": f"%{{text}}<br>{words[name]} %{{y:.3g}}<extra></extra>"}
    return picture(200, [bars, _overflows(outputs, name)],
                   yaxis={"rangemode": "tozero", "nticks": 4, "title": {"text": words[name]}},
                   **drawing.along_bottom(drawing.tokens_of(outputs), words["position"]))


def _decisions(rows: pd.DataFrame, words: dict, marker: dict) -> dict:
    return {"type": "scatter", "mode": "markers", "x": _on_log(rows["margin"]),
            "y": _on_log(rows["logit_error"]).clip(max=LARGEST), "marker": marker,
            "text": drawing.all_safe(rows["token"]),
            "customdata": rows[["layer", "position"]].to_numpy(np.int16),
            "hovertemplate": (f"%{{text}} · L%{{customdata[0]}} · {words['position']} %{{customdata[1]}}<br>"
                              f"{words['margin']} %{{x:.3g}}<br>{words['logit_error']} %{{y:.2g}}<extra></extra>")}


def _limit(margins: pd.Series, word: str) -> dict:
    """A choice turns only if one score falls and another rises by the margin in all: half of it each."""
    ends = _on_log(pd.Series([margins.min(), margins.max()]))
    return {"type": "scatter", "mode": "lines", "x": ends, "y": ends / 2, "hoverinfo": "skip", "name": word,
            "line": {"dash": "dash", "width": 1.2, "color": theme.CHANCE}}


def _overflows(outputs: pd.DataFrame, column: str) -> dict:
    """A red cross above all others where the number is infinite."""
    lost = outputs[np.isinf(outputs[column])]
    rest = outputs[column][np.isfinite(outputs[column])]
    return {"type": "scatter", "mode": "markers", "x": lost["position"].to_numpy(), "cliponaxis": False,
            "y": np.full(len(lost), 2 * rest.max() if len(rest) else 1.0), "text": _next_of_both(lost),
            "marker": {"symbol": "x", "size": 9, "color": theme.FLIP}, "hovertemplate": "%{text}<br>∞<extra></extra>"}


def _on_log(numbers: pd.Series) -> np.ndarray:
    return np.maximum(numbers.to_numpy(np.float32), np.float32(SMALLEST))


def _next_of_both(outputs: pd.DataFrame) -> list[str]:
    """The token, and what each side expects after it."""
    rows = zip(outputs["token"], outputs["top_a"], outputs["top_b"], strict=True)
    return [drawing.safe(f"{token} → {a}" if a == b else f"{token} → {a} | {b}") for token, a, b in rows]
