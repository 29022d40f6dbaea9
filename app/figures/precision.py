"""Pictures of two walks over the same tokens in different number formats: where routes part, and what it costs.

They know the agreement, flips and outputs tables; red means a routing flip and nothing else.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app import theme
from app.figures import drawing
from app.figures.drawing import canvas, numbered, safe

Labels = Mapping[str, str] | None
SMALLEST = 1e-9  # a logarithmic axis has no zero: an exact match is drawn here


def flip_map(agreement: pd.DataFrame, *, labels: Labels = None) -> go.Figure:
    """Red cells are routing flips: there the two formats sent a token to different experts.
    Dark red: no expert in common; light red: some."""
    words = drawing.words(labels)
    layers, tokens = np.sort(agreement["layer"].unique()), drawing.tokens_of(agreement)
    details = [drawing.grid(agreement, "layer", "position", name) for name in ("overlap", "margin", "logit_error")]
    figure = canvas(60 + 26 * len(layers))
    figure.add_heatmap(
        x=tokens.index.to_numpy(), y=np.arange(len(layers)), z=1 - details[0], zmin=0, zmax=1, showscale=False,
        xgap=1 if len(tokens) < 200 else 0, ygap=2, colorscale=theme.FLIP_SCALE,
        customdata=np.stack(details, axis=-1), text=[[safe(token) for token in tokens]] * len(layers),
        hovertemplate=(f"%{{text}} · %{{y}}<br>{words['overlap']} %{{customdata[0]:.0%}}<br>{words['margin']} "
                       f"%{{customdata[1]:.3g}}<br>{words['logit_error']} %{{customdata[2]:.2g}}<extra></extra>"))
    drawing.layers_on_y(figure, layers)
    drawing.token_axis(figure, tokens, words["position"])
    return figure


def flips_per_layer(flips: pd.DataFrame, *, labels: Labels = None) -> go.Figure:
    """The part of the tokens whose set of experts changed, layer by layer, with the 95 % interval."""
    words = drawing.words(labels)
    share, low, high = (flips[name].to_numpy(np.float32) for name in ("share", "low", "high"))
    figure = canvas(180)
    figure.add_bar(
        x=np.arange(len(flips)), y=share, width=0.6, marker={"color": theme.FLIP, "cornerradius": 3},
        error_y={"array": high - share, "arrayminus": share - low, "thickness": 1.2, "width": 4, "color": theme.MUTE},
        customdata=np.stack([low, high, flips["flips"], flips["tokens"]], axis=-1).astype(np.float32),
        hovertemplate=(f"%{{x}}<br>{words['flips']} %{{customdata[2]}} / %{{customdata[3]}} (%{{y:.2%}})"
                       f"<br>{words['interval']} %{{customdata[0]:.2%}} – %{{customdata[1]:.2%}}<extra></extra>"))
    figure.update_xaxes(range=[-0.6, len(flips) - 0.4], **numbered("L", flips["layer"], range(len(flips))))
    figure.update_yaxes(range=[0, 1.1 * np.nanmax(high, initial=0.01)], tickformat=".1~%", nticks=4,
                        title_text=words["flips"])
    return figure


def margin_against_flip(agreement: pd.DataFrame, *, labels: Labels = None) -> go.Figure:
    """Every decision of every router: how clear it was, and by how much the format moved the scores.
    Below the dashed line the error is less than half the margin and cannot turn a choice."""
    words = drawing.words(labels)
    flipped = ~agreement["same_choice"].to_numpy(bool)
    figure = canvas(340)
    for part, colour, size in ((~flipped, theme.CHANCE, 4), (flipped, theme.FLIP, 7)):
        rows = agreement[part]
        figure.add_scatter(
            x=_on_log(rows["margin"]), y=_on_log(rows["logit_error"]), mode="markers",
            marker={"size": size, "color": colour, "opacity": 0.55 if size == 4 else 1, "line": {"width": 0}},
            name=words["flip"] if size == 7 else words["no_flip"], text=[safe(token) for token in rows["token"]],
            customdata=rows[["layer", "position"]].to_numpy(np.int16),
            hovertemplate=(f"%{{text}} · L%{{customdata[0]}} · {words['position']} %{{customdata[1]}}<br>"
                           f"{words['margin']} %{{x:.3g}}<br>{words['logit_error']} %{{y:.2g}}<extra></extra>"))
    _draw_limit(figure, agreement["margin"], words["no_flip_below"])
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0,
                                                  "font": {"color": theme.MUTE}})
    _log_axes(figure.layout.xaxis, figure.layout.yaxis)
    figure.update_xaxes(title_text=words["margin"])
    figure.update_yaxes(title_text=words["logit_error"])
    return figure


def kl_per_token(outputs: pd.DataFrame, *, labels: Labels = None) -> go.Figure:
    """How much information the shorter format loses about each next token (KL divergence, logarithmic).
    A diamond: there the likeliest next token itself changed."""
    words = drawing.words(labels)
    changed = (outputs["top_a"] != outputs["top_b"]).to_numpy()
    figure = canvas(220)
    figure.add_scatter(
        x=outputs["position"].to_numpy(), y=_on_log(outputs["kl"]), mode="lines+markers", cliponaxis=False,
        line={"color": theme.FAINT, "width": 1}, text=_next_of_both(outputs),
        marker={"size": np.where(changed, 10, 5), "color": np.where(changed, theme.ACCENT, theme.MUTE),
                "symbol": np.where(changed, "diamond", "circle")},
        hovertemplate=f"%{{text}}<br>{words['kl']} %{{y:.2g}}<extra></extra>")
    _log_axes(figure.layout.yaxis)
    figure.update_yaxes(title_text=words["kl"])
    drawing.token_axis(figure, drawing.tokens_of(outputs), words["position"])
    return figure


def logit_difference(outputs: pd.DataFrame, *, labels: Labels = None) -> go.Figure:
    """By how much the most disturbed of all next-token scores moved, token by token."""
    words = drawing.words(labels)
    difference = outputs["max_abs_logit_difference"].to_numpy(np.float32)
    figure = canvas(200)
    figure.add_bar(x=outputs["position"].to_numpy(), y=difference, marker={"color": theme.ACCENT, "line": {"width": 0}},
                   text=_next_of_both(outputs), textposition="none",
                   hovertemplate=f"%{{text}}<br>{words['max_abs_logit_difference']} %{{y:.3g}}<extra></extra>")
    figure.update_yaxes(rangemode="tozero", nticks=4, title_text=words["max_abs_logit_difference"])
    drawing.token_axis(figure, drawing.tokens_of(outputs), words["position"])
    return figure


def _on_log(numbers: pd.Series) -> np.ndarray:
    return np.maximum(numbers.to_numpy(np.float32), np.float32(SMALLEST))


def _log_axes(*axes: go.layout.XAxis | go.layout.YAxis) -> None:
    for axis in axes:
        axis.update(type="log", exponentformat="power", dtick=1, showgrid=True, gridcolor=theme.LINE, gridwidth=1)


def _draw_limit(figure: go.Figure, margins: pd.Series, word: str) -> None:
    """A choice turns only if one score falls and another rises by more than the margin together."""
    ends = np.array([margins.min(), margins.max()], np.float32).clip(SMALLEST)
    figure.add_scatter(x=ends, y=ends / 2, mode="lines", hoverinfo="skip", name=word,
                       line={"dash": "dash", "width": 1.2, "color": theme.CHANCE})


def _next_of_both(outputs: pd.DataFrame) -> list[str]:
    """The token and what each side expects after it."""
    return [f"{safe(token)} → {safe(a)}" if a == b else f"{safe(token)} → {safe(a)} | {safe(b)}"
            for token, a, b in zip(outputs["token"], outputs["top_a"], outputs["top_b"], strict=True)]
