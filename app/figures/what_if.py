"""Pictures of what would have happened otherwise: predictions and losses before and after, and each expert's effect.

They know the shift, losses and effect tables by their columns; differences diverge from a pale middle at 0.
"""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app import theme
from app.figures import drawing
from app.figures.drawing import Labels, downward, numbered, picture

OWN = {  # words that only these figures print
    "before": "as it is", "after": "changed", "rise": "rise of the loss (nats)",
    "control": "control, 95 %", "usage": "tokens that chose it", "refused": "refused by", "of_slots": "of its slots",
}
ENGLISH = drawing.ENGLISH | OWN
MOST_PRINTED = 12  # experts whose cells carry their number
MOST_NAMED = 12    # points that carry their name; all tell it to the mouse
SMALLEST_REACH = 1e-3  # nats; less is not worth a full colour


def next_tokens(shift: pd.DataFrame, *, labels: Labels = None) -> go.Figure:
    """What may come next, by the model as it is and as it was changed."""
    words = ENGLISH | dict(labels or {})
    rows = pd.Series(shift["token"].to_numpy(), index=np.arange(len(shift)))
    top = float(np.nanmax(shift[["before", "after"]].to_numpy(), initial=0.05))
    bars = [_beside(shift, name, words, colour) for name, colour in (("before", theme.CHANCE), ("after", theme.ACCENT))]
    return picture(64 + 34 * max(len(shift), 1), bars, barmode="group", bargap=0.3, bargroupgap=0.05, **_legend(),
                   yaxis=drawing.down_the_side(rows, size=12),
                   xaxis={"range": [0, 1.18 * top], "showticklabels": False})


def loss_rise(losses: pd.DataFrame, *, labels: Labels = None) -> go.Figure:
    """How much less (orange) or more (blue) each token was expected after the change."""
    words = ENGLISH | dict(labels or {})
    rise = (losses["after"] - losses["before"]).to_numpy(np.float32)
    worse, better = theme.DIVERGING_SCALE[-1][1], theme.DIVERGING_SCALE[0][1]
    bars = {
        "type": "bar", "x": losses["position"].to_numpy(), "y": rise, "text": drawing.all_safe(losses["token"]),
        "textposition": "none", "customdata": losses[["before", "after"]].to_numpy(np.float32),
        "marker": {"color": np.where(rise > 0, worse, better).tolist(), "line": {"width": 0}},
        "hovertemplate": (f"%{{text}}<br>{words['before']} %{{customdata[0]:.3f}}<br>{words['after']} "
                          f"%{{customdata[1]:.3f}}<br>{words['rise']} %{{y:+.3f}}<extra></extra>")}
    return picture(220, [bars], shapes=[drawing.level_line(0)],
                   yaxis={"nticks": 5, "title": {"text": words["rise"]}},
                   **drawing.along_bottom(drawing.tokens_of(losses), words["position"]))


def dropped_tokens(refusals: pd.DataFrame, *, labels: Labels = None) -> go.Figure:
    """Which tokens full experts refused, layer by layer: red = all of a token's experts, pale red = some of them."""
    words = ENGLISH | dict(labels or {})
    layers = np.sort(refusals["layer"].unique())
    told = np.stack([refusals.pivot(index="layer", columns="position", values=name).to_numpy(object)
                     for name in ("token", "refused", "slots", "experts")], axis=-1)
    told[..., 0] = [[drawing.safe(token) for token in row] for row in told[..., 0]]
    tokens = drawing.tokens_of(refusals)
    cells = {
        "type": "heatmap", "x": tokens.index.to_numpy(), "y": np.arange(len(layers)), "xgap": 2, "ygap": 2,
        "z": (told[..., 1] / told[..., 2]).astype(np.float32), "zmin": 0, "zmax": 1, "colorscale": theme.FLIP_SCALE,
        "showscale": False, "customdata": told,
        "hovertemplate": (f"%{{customdata[0]}} · %{{y}}<br>%{{customdata[1]}} {words['of_slots']} %{{customdata[2]}}"
                          f"<br>{words['refused']} %{{customdata[3]}}<extra></extra>")}
    return picture(60 + 26 * len(layers), [cells], yaxis=downward(numbered("L", layers)),
                   **drawing.along_bottom(tokens, words["position"]))


def effect_map(effect: pd.DataFrame, *, labels: Labels = None) -> go.Figure:
    """How much the loss rises without each expert: orange = the text gets harder, blue = easier, pale = no effect.
    A framed cell: the whole 95 % interval lies outside the control's, in which the same tokens lose another expert."""
    words = ENGLISH | dict(labels or {})
    layers, experts = np.sort(effect["layer"].unique()), np.sort(effect["expert"].unique())
    rise = _cells(effect, layers, experts, "delta_nats")
    reach = max(float(np.nanmax(np.abs(rise), initial=0)), SMALLEST_REACH)
    shown = {"text": _signed(rise), "texttemplate": "%{text}", "textfont": {"size": 11}}
    cells = {
        "type": "heatmap", "x": np.arange(len(experts)), "y": np.arange(len(layers)), "z": rise, "xgap": 3, "ygap": 3,
        "zmin": -reach, "zmax": reach, "colorscale": theme.DIVERGING_SCALE, "hoverongaps": False,
        **(shown if len(experts) <= MOST_PRINTED else {}),
        "colorbar": {"thickness": 8, "outlinewidth": 0, "xpad": 6, "nticks": 5,
                     "tickfont": {"size": 10, "color": theme.MUTE}},
        "customdata": np.stack([_cells(effect, layers, experts, name)
                                for name in ("low", "high", "control_low", "control_high", "n")], axis=-1),
        "hovertemplate": (f"%{{y}} · %{{x}}<br>{words['rise']} %{{z:+.4f}}<br>{words['interval']} "
                          f"%{{customdata[0]:+.4f}} – %{{customdata[1]:+.4f}}<br>"
                          f"{words['control']} %{{customdata[2]:+.4f}} – %{{customdata[3]:+.4f}}<br>"
                          "n = %{customdata[4]}<extra></extra>")}
    sure = effect[beyond_control(effect)]
    frames = {"type": "scatter", "mode": "lines", "line": {"color": theme.INK, "width": 1.4}, "hoverinfo": "skip",
              **drawing.frames(np.searchsorted(experts, sure["expert"]), np.searchsorted(layers, sure["layer"]),
                               0.46, 0.44)}
    return picture(40 + 36 * len(layers), [cells, frames], xaxis=numbered("E", experts),
                   yaxis=downward(numbered("L", layers)))


def usage_against_importance(effect: pd.DataFrame, *, labels: Labels = None) -> go.Figure:
    """Every expert: how many tokens chose it, and how much the loss rises without it, with its 95 % interval.
    The dashed line is no effect; the farthest from it carry their layer's and expert's number."""
    words = ENGLISH | dict(labels or {})
    known = effect[effect["delta_nats"].notna()]
    rise, low, high = (known[name].to_numpy(np.float32) for name in ("delta_nats", "low", "high"))
    names = [f"L{row.layer}E{row.expert}" for row in known.itertuples()]
    points = {
        "type": "scatter", "mode": "markers+text", "x": known["usage"].to_numpy(np.float32), "y": rise,
        "cliponaxis": False, "text": np.where(_farthest(rise), names, "").tolist(), "hovertext": names,
        "textposition": "top center", "textfont": {"size": 9, "color": theme.MUTE},
        "marker": {"size": 9, "color": [theme.expert_colour(expert) for expert in known["expert"]],
                   "line": {"width": 1, "color": theme.PANEL}},
        "error_y": {**drawing.whiskers(rise, low, high), "thickness": 1, "width": 2, "color": theme.FAINT},
        "customdata": known[["low", "high", "n"]].to_numpy(np.float32),
        "hovertemplate": (f"%{{hovertext}}<br>{words['usage']} %{{x:.1%}}<br>{words['rise']} %{{y:+.4f}}<br>"
                          f"{words['interval']} %{{customdata[0]:+.4f}} – %{{customdata[1]:+.4f}}<extra></extra>")}
    return picture(340, [points], right=24, shapes=[drawing.level_line(0)],
                   xaxis={"tickformat": ".0%", "rangemode": "tozero", "nticks": 6, "title": {"text": words["usage"]}},
                   yaxis={"nticks": 6, "title": {"text": words["rise"]}})


def beyond_control(effect: pd.DataFrame) -> np.ndarray:
    """Which rows' intervals lie wholly above or below their control's; never where something is not known."""
    return ((effect["low"] > effect["control_high"]) | (effect["high"] < effect["control_low"])).to_numpy(bool)


def _signed(values: np.ndarray) -> list[list[str]]:
    """+0.12, and 0.00 without a sign that means nothing."""
    return [["" if np.isnan(value) else f"{value:+.2f}" if abs(value) >= 0.005 else "0.00" for value in row]
            for row in values]


def _farthest(rise: np.ndarray) -> np.ndarray:
    """True for the few points that are farthest from no effect."""
    return np.argsort(np.argsort(-np.abs(rise), kind="stable"), kind="stable") < MOST_NAMED


def _cells(effect: pd.DataFrame, layers: np.ndarray, experts: np.ndarray, values: str) -> np.ndarray:
    """A column as a matrix; NaN where an expert was not measured."""
    wide = effect.pivot(index="layer", columns="expert", values=values).reindex(index=layers, columns=experts)
    return wide.to_numpy(np.float32)


def _beside(shift: pd.DataFrame, name: str, words: dict, colour: str) -> dict:
    probability = shift[name].to_numpy(np.float32)
    return {
        "type": "bar", "orientation": "h", "name": words[name], "y": np.arange(len(shift)), "x": probability,
        "marker": {"color": colour, "cornerradius": 3}, "text": [drawing.percent(p) for p in probability],
        "textposition": "outside", "textfont": {"size": 10, "color": theme.INK}, "cliponaxis": False,
        "customdata": drawing.all_safe(shift["token"]),
        "hovertemplate": f"%{{customdata}}<br>{words[name]} {words['probability']} %{{x:.2%}}<extra></extra>"}


def _legend() -> dict:
    return {"showlegend": True, "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom",
                                           "font": {"color": theme.MUTE}, "traceorder": "normal"}}
