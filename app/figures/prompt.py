"""Pictures of one prompt's walk: which experts each token meets, how surely, and what the model expects next.

They know the routing, tokens, candidates and load tables, and nothing of models.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app import theme
from app.figures import drawing
from app.figures.drawing import canvas, numbered, safe

Labels = Mapping[str, str] | None
WINDOW = 128  # rows of the tallest heatmap; a longer text shows the part around the selected token, or its end
FEWEST_LINK_SHARE = 0.01  # of a token's weight; a thinner thread cannot be seen


def gate_probabilities(routing: pd.DataFrame, layer: int, *, selected: int | None = None,
                       labels: Labels = None) -> go.Figure:
    """The darker a cell, the more probable the router finds that expert for that token.
    Frames in an expert's colour mark the experts that were really chosen."""
    words = drawing.words(labels)
    shown = _window(routing[routing["layer"] == layer], selected)
    tokens, experts = drawing.tokens_of(shown), np.sort(shown["expert"].unique())
    row = float(np.interp(len(tokens), [12, 64], [23, 14]))
    figure = canvas(48 + row * max(len(tokens), 1))
    figure.add_heatmap(
        x=experts, y=tokens.index.to_numpy(), z=drawing.grid(shown, "position", "expert", "probability"),
        customdata=drawing.grid(shown, "position", "expert", "weight"), zmin=0, zmax=1, xgap=3, ygap=2,
        colorscale=theme.PROBABILITY_SCALE, colorbar=_probability_bar(),
        hovertemplate=(f"%{{y}} · %{{x}}<br>{words['probability']} %{{z:.1%}}"
                       f"<br>{words['weight']} %{{customdata:.2f}}<extra></extra>"))
    _frame_chosen(figure, shown, line_width=row / 10)
    if selected in tokens.index:
        _frame_row(figure, selected, len(experts))
    figure.update_xaxes(side="top", range=[-0.5, len(experts) - 0.5], **numbered("E", experts))
    figure.update_yaxes(range=[tokens.index.max() + 0.55, tokens.index.min() - 0.55] if len(tokens) else None,
                        tickvals=tokens.index.to_numpy(), ticktext=drawing.token_ticks(tokens),
                        tickfont={"size": min(13, row - 3), "color": theme.INK})
    return figure


def token_path(routing: pd.DataFrame, position: int, *, labels: Labels = None) -> go.Figure:
    """One token's way through all layers: the bigger a disc and the thicker a line, the more that expert counts."""
    words = drawing.words(labels)
    chosen = routing[(routing["position"] == position) & (routing["rank"] > 0)]
    layers, experts = np.sort(routing["layer"].unique()), np.sort(routing["expert"].unique())
    column = np.searchsorted(layers, chosen["layer"])
    weight = chosen["weight"].to_numpy(np.float32)
    figure = canvas(36 + len(experts) * float(np.interp(len(experts), [16, 64], [26, 12])))
    _draw_dots(figure, len(layers), experts)
    figure.update_layout(shapes=_links(chosen.assign(column=column), len(layers)))
    colours = [theme.expert_colour(expert) for expert in chosen["expert"]]
    figure.add_scatter(
        x=column, y=chosen["expert"].to_numpy(), mode="markers+text", text=chosen["expert"].astype(str),
        textfont={"size": 10, "color": [theme.ink_on(colour) for colour in colours]},
        marker={"size": 15 + 13 * weight, "color": colours, "line": {"width": 1.5, "color": theme.PANEL}, "opacity": 1},
        customdata=np.stack([weight, chosen["probability"].to_numpy(np.float32)], axis=1), cliponaxis=False,
        hovertemplate=(f"%{{x}} · %{{y}}<br>{words['weight']} %{{customdata[0]:.2f}}"
                       f"<br>{words['probability']} %{{customdata[1]:.1%}}<extra></extra>"))
    figure.update_xaxes(range=[-0.4, len(layers) - 0.6], **numbered("L", layers, range(len(layers))))
    figure.update_yaxes(range=[len(experts) - 0.4, -0.6], **numbered("E", experts))
    return figure


def token_probabilities(routing: pd.DataFrame, position: int, layer: int, *, labels: Labels = None) -> go.Figure:
    """How probable the router of one layer found each expert for this token: the chosen in full colour,
    the runner-up hatched, pure chance dashed."""
    words = drawing.words(labels)
    row = routing[(routing["position"] == position) & (routing["layer"] == layer)].sort_values("expert")
    probability, chosen = row["probability"].to_numpy(np.float32), row["rank"].to_numpy() > 0
    runner_up = (row["expert"] == _runner_up(row)).to_numpy()
    figure = canvas(220)
    figure.add_bar(
        x=row["expert"].to_numpy(), y=probability, customdata=row["weight"].to_numpy(np.float32),
        marker={"color": [theme.expert_colour(expert) for expert in row["expert"]], "cornerradius": 3,
                "opacity": np.where(chosen, 1, np.where(runner_up, 0.6, 0.3)),
                "pattern": {"shape": np.where(runner_up, "/", "").tolist(), "size": 6, "solidity": 0.35}},
        text=[drawing.percent(p) if told else "" for p, told in zip(probability, chosen | runner_up, strict=True)],
        textposition="outside", textfont={"size": 11, "color": theme.INK}, cliponaxis=False,
        hovertemplate=(f"%{{x}}<br>{words['probability']} %{{y:.1%}}"
                       f"<br>{words['weight']} %{{customdata:.2f}}<extra></extra>"))
    drawing.chance_line(figure, 1 / max(len(row), 1), words["chance"])
    _write_margin(figure, probability, chosen.sum(), words["margin"])
    ticks = [f"<b>E{expert}</b>" if picked else f"E{expert}" for expert, picked in zip(row["expert"], chosen, strict=True)]
    figure.update_xaxes(tickvals=row["expert"].to_numpy(), ticktext=ticks)
    figure.update_yaxes(range=[0, 1.2 * max(0.2, np.nanmax(probability, initial=0))], tickformat=".0%", nticks=4)
    return figure


def next_tokens(candidates: pd.DataFrame, *, labels: Labels = None) -> go.Figure:
    """What the model expected after this token: its ten likeliest continuations."""
    words = drawing.words(labels)
    probability = candidates["probability"].to_numpy(np.float32)
    figure = canvas(20 + 23 * max(len(candidates), 1))
    figure.add_bar(
        orientation="h", y=candidates["rank"].to_numpy(), x=probability, width=0.72,
        marker={"color": theme.ACCENT, "opacity": 0.8, "cornerradius": 3},
        text=[drawing.percent(p) for p in probability], textposition="outside",
        textfont={"size": 11, "color": theme.INK}, cliponaxis=False,
        customdata=[safe(token) for token in candidates["token"]],
        hovertemplate=f"%{{customdata}}<br>{words['probability']} %{{x:.2%}}<extra></extra>")
    figure.update_xaxes(range=[0, 1.18 * max(0.05, np.max(probability, initial=0))], showticklabels=False)
    figure.update_yaxes(range=[len(candidates) + 0.6, 0.4], tickvals=candidates["rank"].to_numpy(),
                        ticktext=drawing.token_ticks(candidates["token"]), tickfont={"size": 12, "color": theme.INK})
    return figure


def confidence(tokens: pd.DataFrame, layer: int, *, hesitant: float | None = None, labels: Labels = None) -> go.Figure:
    """Above, by how much the last chosen expert beat the next one: short bars are hesitant choices.
    Below, how widely the router spread its probability over the experts."""
    words = drawing.words(labels)
    row = tokens[tokens["layer"] == layer]
    names = [safe(token) for token in row["token"]]
    figure = canvas(240, yaxis={"domain": [0.52, 1]}, yaxis2={"domain": [0, 0.4], "rangemode": "tozero"})
    for name, axis, colour in (("margin", "y", theme.ACCENT), ("entropy", "y2", theme.CHANCE)):
        figure.add_bar(x=row["position"].to_numpy(), y=row[name].to_numpy(np.float32), yaxis=axis, customdata=names,
                       marker={"color": colour, "line": {"width": 0}},
                       hovertemplate="%{customdata}<br>" + words[name] + " %{y:.2f}<extra></extra>")
    if hesitant is not None:
        figure.add_hline(y=hesitant, line={"dash": "dash", "width": 1.2, "color": theme.CHANCE}, yref="y")
    drawing.token_axis(figure, drawing.tokens_of(row), words["position"])
    figure.update_layout(yaxis={"title_text": words["margin"], "nticks": 4}, xaxis_anchor="y2",
                         yaxis2={"title_text": words["entropy"], "nticks": 3})
    return figure


def load_map(load: pd.DataFrame, *, labels: Labels = None) -> go.Figure:
    """How much of each layer's work each expert got in this text: orange above chance, blue below.
    A framed cell differs from chance by more than the 95 % interval explains."""
    words = drawing.words(labels)
    layers, experts = np.sort(load["layer"].unique()), np.sort(load["expert"].unique())
    share, chance = drawing.grid(load, "layer", "expert", "share"), load["chance"].max()
    reach = np.nanmax(np.abs(share - chance), initial=chance)  # the scale is symmetrical: its middle is chance
    figure = canvas(40 + 34 * len(layers))
    figure.add_heatmap(
        x=experts, y=np.arange(len(layers)), z=share, zmin=chance - reach, zmax=chance + reach, xgap=3, ygap=3,
        colorscale=theme.DIVERGING_SCALE, showscale=False, texttemplate="%{z:.0%}", textfont={"size": 11},
        customdata=np.stack([drawing.grid(load, "layer", "expert", end) for end in ("low", "high")], axis=-1),
        hovertemplate=(f"%{{y}} · %{{x}}<br>{words['share']} %{{z:.1%}}<br>{words['interval']} "
                       "%{customdata[0]:.1%} – %{customdata[1]:.1%}<extra></extra>"))
    uneven = load[(load["low"] > load["chance"]) | (load["high"] < load["chance"])]
    rows = np.searchsorted(layers, uneven["layer"])
    figure.add_scatter(**drawing.frames(uneven["expert"], rows, 0.46, 0.44), mode="lines", hoverinfo="skip",
                       line={"color": theme.INK, "width": 1.4})
    figure.update_xaxes(range=[-0.5, len(experts) - 0.5], **numbered("E", experts))
    drawing.layers_on_y(figure, layers)
    return figure


def load_bars(load: pd.DataFrame, layer: int, *, labels: Labels = None) -> go.Figure:
    """How much of one layer's work each expert got, with the 95 % interval; dashed: an even share."""
    words = drawing.words(labels)
    row = load[load["layer"] == layer]
    share, low, high = (row[name].to_numpy(np.float32) for name in ("share", "low", "high"))
    figure = canvas(180)
    figure.add_bar(
        x=row["expert"].to_numpy(), y=share, customdata=np.stack([low, high, row["mean_weight"]], axis=-1),
        marker={"color": [theme.expert_colour(expert) for expert in row["expert"]], "cornerradius": 3},
        error_y={"array": high - share, "arrayminus": share - low, "thickness": 1.2, "width": 4, "color": theme.MUTE},
        hovertemplate=(f"%{{x}}<br>{words['share']} %{{y:.1%}}<br>{words['interval']} %{{customdata[0]:.1%}} – "
                       f"%{{customdata[1]:.1%}}<br>{words['mean_weight']} %{{customdata[2]:.2f}}<extra></extra>"))
    drawing.chance_line(figure, row["chance"].max(), words["chance"])
    figure.update_xaxes(**numbered("E", row["expert"]))
    figure.update_yaxes(range=[0, 1.1 * np.nanmax(high, initial=0.2)], tickformat=".0%", nticks=4)
    return figure


def _window(in_layer: pd.DataFrame, selected: int | None) -> pd.DataFrame:
    last = in_layer["position"].max() if len(in_layer) else 0
    middle = last if selected is None else selected
    first = max(0, min(middle - WINDOW // 2, last + 1 - WINDOW))
    return in_layer[in_layer["position"].between(first, first + WINDOW - 1)]


def _probability_bar() -> dict:
    return {"thickness": 8, "len": 150, "lenmode": "pixels", "y": 1, "yanchor": "top", "outlinewidth": 0, "xpad": 6,
            "tickvals": [0, 0.1, 0.3, 0.6, 1], "tickformat": ".0%", "tickfont": {"size": 10, "color": theme.MUTE}}


def _frame_chosen(figure: go.Figure, shown: pd.DataFrame, line_width: float) -> None:
    chosen = shown[shown["rank"] > 0]
    for colour, cells in chosen.groupby(chosen["expert"].map(theme.expert_colour), sort=False):
        figure.add_scatter(**drawing.frames(cells["expert"], cells["position"], 0.455, 0.4), mode="lines",
                           line={"color": colour, "width": line_width}, hoverinfo="skip")


def _frame_row(figure: go.Figure, position: int, experts: int) -> None:
    figure.add_shape(type="rect", x0=-0.5, x1=experts - 0.5, y0=position - 0.5, y1=position + 0.5,
                     line={"color": theme.INK, "width": 1.5})


def _draw_dots(figure: go.Figure, layers: int, experts: np.ndarray) -> None:
    """A faint dot for every expert that could have been chosen."""
    figure.add_scatter(x=np.repeat(np.arange(layers), len(experts)), y=np.tile(experts, layers), mode="markers",
                       marker={"size": 4, "color": theme.FAINT}, hoverinfo="skip", cliponaxis=False)


def _links(chosen: pd.DataFrame, layers: int) -> list[dict]:
    """A curve from every chosen expert to every chosen expert one layer on, in the colour of where it leads."""
    by_layer = [chosen[chosen["column"] == column] for column in range(layers)]
    return [_link(start, end, start.weight * end.weight)
            for these, those in zip(by_layer, by_layer[1:], strict=False)
            for start in these.itertuples() for end in those.itertuples()
            if start.weight * end.weight >= FEWEST_LINK_SHARE]


def _link(start: tuple, end: tuple, share: float) -> dict:
    middle = start.column + 0.5
    return {"type": "path", "layer": "below", "opacity": 0.75,
            "path": f"M{start.column},{start.expert}C{middle},{start.expert} {middle},{end.expert} {end.column},{end.expert}",
            "line": {"color": theme.expert_colour(end.expert), "width": round(0.6 + 9 * float(share), 2)}}


def _runner_up(row: pd.DataFrame) -> int | None:
    """The likeliest expert that was not chosen."""
    rest = row[(row["rank"] == 0) & row["probability"].notna()]
    return None if rest.empty else int(rest.loc[rest["probability"].idxmax(), "expert"])


def _write_margin(figure: go.Figure, probability: np.ndarray, chosen: int, word: str) -> None:
    """The margin in the upper right corner: a difference of logits is a difference of log probabilities."""
    best_first = -np.sort(-probability)
    if chosen < len(best_first) and best_first[chosen] > 0:
        margin = np.log(best_first[chosen - 1] / best_first[chosen])
        figure.add_annotation(x=1, y=1, xref="paper", yref="paper", xanchor="right", yanchor="top", showarrow=False,
                              text=f"{word} {margin:.2f}", font={"size": 11, "color": theme.MUTE})
