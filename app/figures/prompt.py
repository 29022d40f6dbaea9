"""Pictures of one prompt's walk: which experts each token meets, how surely, and what the model expects next.

They know the routing, tokens, candidates and load tables, and nothing of models.
"""

from itertools import pairwise, product

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app import theme
from app.figures import drawing
from app.figures.drawing import Labels, downward, numbered, picture

WINDOW = 128            # rows of the tallest heatmap; a longer text shows what is around the selected token, or its end
MOST_NUMBERED = 40      # tokens whose cells carry their expert's number
THINNEST_LINK = 0.01    # of a token's weight; a thinner thread cannot be seen


def gate_probabilities(routing: pd.DataFrame, layer: int, *, selected: int | None = None,
                       quantity: str = "probability", labels: Labels = None) -> go.Figure:
    """The darker a cell, the more probable the router finds that expert for that token (or the more the expert counts).
    Frames in an expert's colour mark the experts that were really chosen."""
    words = drawing.words(labels)
    other = "probability" if quantity == "weight" else "weight"
    shown = _window(routing[routing["layer"] == layer], selected)
    tokens, experts = drawing.tokens_of(shown), np.sort(shown["expert"].unique())
    row = float(np.interp(len(tokens), [12, 64], [23, 14]))
    cells = {
        "type": "heatmap", "x": experts, "y": tokens.index.to_numpy(), "xgap": 3, "ygap": 2, "zmin": 0, "zmax": 1,
        "z": drawing.grid(shown, "position", "expert", quantity),
        "customdata": drawing.grid(shown, "position", "expert", other),
        "colorscale": theme.PROBABILITY_SCALE, "colorbar": _probability_bar(),
        "hovertemplate": (f"%{{y}} · %{{x}}<br>{words[quantity]} %{{z:.1%}}"
                          f"<br>{words[other]} %{{customdata:.1%}}<extra></extra>")}
    return picture(48 + row * max(len(tokens), 1), [cells, *_chosen_frames(shown, row / 10)],
                   shapes=[_row_frame(selected, len(experts))] if selected in tokens.index else [],
                   xaxis={"side": "top", **numbered("E", experts)},
                   yaxis=drawing.down_the_side(tokens, size=min(13, row - 3)))


def token_path(routing: pd.DataFrame, position: int, *, labels: Labels = None) -> go.Figure:
    """One token's way through all layers: the bigger a disc and the thicker a line, the more that expert counts."""
    words = drawing.words(labels)
    layers, experts = np.sort(routing["layer"].unique()), np.sort(routing["expert"].unique())
    chosen = routing[(routing["position"] == position) & (routing["rank"] > 0)]
    chosen = chosen.assign(column=np.searchsorted(layers, chosen["layer"]))
    weight = chosen["weight"].to_numpy(np.float32)
    colours = [theme.expert_colour(expert) for expert in chosen["expert"]]
    discs = {
        "type": "scatter", "mode": "markers+text", "cliponaxis": False,
        "x": chosen["column"].to_numpy(), "y": chosen["expert"].to_numpy(),
        "text": [str(expert) for expert in chosen["expert"]],
        "textfont": {"size": 10, "color": [theme.ink_on(colour) for colour in colours]},
        "marker": {"size": 15 + 13 * weight, "color": colours, "opacity": 1,
                   "line": {"width": 1.5, "color": theme.PANEL}},
        "customdata": np.stack([weight, chosen["probability"].to_numpy(np.float32)], axis=1),
        "hovertemplate": (f"%{{x}} · %{{y}}<br>{words['weight']} %{{customdata[0]:.2f}}"
                          f"<br>{words['probability']} %{{customdata[1]:.1%}}<extra></extra>")}
    return picture(36 + len(experts) * float(np.interp(len(experts), [16, 64], [26, 12])),
                   [_dots(len(layers), len(experts)), discs], shapes=_links(chosen, len(layers)),
                   xaxis=numbered("L", layers), yaxis=downward(numbered("E", experts)))


def token_probabilities(routing: pd.DataFrame, position: int, layer: int, *, labels: Labels = None) -> go.Figure:
    """How probable the router of one layer found each expert for this token: the chosen in full colour,
    the runner-up hatched, pure chance dashed."""
    words = drawing.words(labels)
    row = routing[(routing["position"] == position) & (routing["layer"] == layer)].sort_values("expert")
    probability, chosen = row["probability"].to_numpy(np.float32), row["rank"].to_numpy() > 0
    next_best = _runner_up(probability, chosen)
    chance = 1 / max(len(row), 1)
    bars = {
        "type": "bar", "x": np.arange(len(row)), "y": probability, "customdata": row[["expert", "weight"]].to_numpy(),
        "marker": {"color": [theme.expert_colour(expert) for expert in row["expert"]], "cornerradius": 3,
                   "opacity": np.select([chosen, next_best], [1, 0.6], 0.3),
                   "pattern": {"shape": np.where(next_best, "/", "").tolist(), "size": 6, "solidity": 0.35}},
        "hovertemplate": (f"E%{{customdata[0]}}<br>{words['probability']} %{{y:.1%}}"
                          f"<br>{words['weight']} %{{customdata[1]:.2f}}<extra></extra>")}
    notes = [drawing.chance_note(chance, words["chance"]), *_margin_note(probability, chosen.sum(), words["margin"])]
    ticks = numbered("E", row["expert"]) | {"ticktext": _told(row["expert"], probability, chosen, next_best)}
    return picture(220, [bars], right=64, shapes=[drawing.level_line(chance)], annotations=notes, xaxis=ticks,
                   yaxis={"range": [0, _above(probability, 0.2)], "tickformat": ".0%", "nticks": 4})


def next_tokens(candidates: pd.DataFrame, *, labels: Labels = None) -> go.Figure:
    """What the model expected after this token: its likeliest continuations."""
    words = drawing.words(labels)
    probability = candidates["probability"].to_numpy(np.float32)
    bars = {
        "type": "bar", "orientation": "h", "y": candidates["rank"].to_numpy(), "x": probability, "width": 0.72,
        "marker": {"color": theme.BAR, "cornerradius": 3}, "cliponaxis": False,
        "text": [drawing.percent(p) for p in probability], "textposition": "outside",
        "textfont": {"size": 11, "color": theme.INK}, "customdata": drawing.all_safe(candidates["token"]),
        "hovertemplate": f"%{{customdata}}<br>{words['probability']} %{{x:.2%}}<extra></extra>"}
    tokens = candidates.set_index("rank")["token"]
    return picture(20 + 23 * max(len(candidates), 1), [bars], yaxis=drawing.down_the_side(tokens, size=12),
                   xaxis={"range": [0, _above(probability, 0.05)], "showticklabels": False})


def confidence(tokens: pd.DataFrame, layer: int, *, hesitant: float | None = None, labels: Labels = None) -> go.Figure:
    """Above, by how much the last chosen expert beat the next one: a short bar is a hesitant choice.
    Below, how widely the router spread its probability over the experts."""
    words = drawing.words(labels)
    row = tokens[tokens["layer"] == layer]
    names = drawing.all_safe(row["token"])
    strips = [{
        "type": "bar", "x": row["position"].to_numpy(), "y": row[name].to_numpy(np.float32), "yaxis": axis,
        "customdata": names, "marker": {"color": colour, "line": {"width": 0}},
        "hovertemplate": f"%{{customdata}}<br>{words[name]} %{{y:.2f}}<extra></extra>",
    } for name, axis, colour in (("margin", "y", theme.BAR), ("entropy", "y2", theme.CHANCE))]
    layout = drawing.along_bottom(drawing.tokens_of(row), words["position"])
    layout["xaxis"]["anchor"] = "y2"
    return picture(240, strips, shapes=[] if hesitant is None else [drawing.level_line(hesitant)],
                   yaxis={"domain": [0.54, 1], "title": {"text": words["margin"]}, "nticks": 4},
                   yaxis2={**theme.AXIS, "domain": [0, 0.42], "title": {"text": words["entropy"]}, "nticks": 4},
                   **layout)


def load_map(load: pd.DataFrame, *, labels: Labels = None) -> go.Figure:
    """How much of each layer's work each expert got in this text: orange above chance, blue below.
    A framed cell differs from chance by more than the 95 % interval explains."""
    words = drawing.words(labels)
    layers, experts = np.sort(load["layer"].unique()), np.sort(load["expert"].unique())
    share, chance = drawing.grid(load, "layer", "expert", "share"), load["chance"].max()
    reach = float(np.nanmax(np.abs(share - chance), initial=chance))  # the middle of the scale is chance
    cells = {
        "type": "heatmap", "x": np.arange(len(experts)), "y": np.arange(len(layers)), "z": share, "xgap": 3, "ygap": 3,
        "zmin": chance - reach, "zmax": chance + reach, "colorscale": theme.DIVERGING_SCALE, "showscale": False,
        "texttemplate": "%{z:.0%}", "textfont": {"size": 11},
        "customdata": np.stack([drawing.grid(load, "layer", "expert", end) for end in ("low", "high")], axis=-1),
        "hovertemplate": (f"%{{y}} · %{{x}}<br>{words['share']} %{{z:.1%}}<br>{words['interval']} "
                          "%{customdata[0]:.1%} – %{customdata[1]:.1%}<extra></extra>")}
    uneven = load[(load["low"] > load["chance"]) | (load["high"] < load["chance"])]
    frames = {"type": "scatter", "mode": "lines", "line": {"color": theme.INK, "width": 1.4}, "hoverinfo": "skip",
              **drawing.frames(np.searchsorted(experts, uneven["expert"]),
                               np.searchsorted(layers, uneven["layer"]), 0.46, 0.44)}
    return picture(40 + 34 * len(layers), [cells, frames],
                   xaxis=numbered("E", experts), yaxis=downward(numbered("L", layers)))


def assignments(tokens: pd.DataFrame, *, labels: Labels = None) -> go.Figure:
    """Above the first choice of every token in every layer, below its second choice, in the experts' colours."""
    words = drawing.words(labels)
    names, layers = drawing.tokens_of(tokens), np.sort(tokens["layer"].unique())
    kinds = [(name, axis) for name, axis in (("first", "y"), ("second", "y2")) if (tokens[name] >= 0).any()]
    cells = [_choices(tokens, name, axis, words[name], printed=len(names) <= MOST_NUMBERED) for name, axis in kinds]
    layout = drawing.along_bottom(names, words["position"])
    layout["xaxis"]["anchor"] = kinds[-1][1] if kinds else "y"
    rows = downward(numbered("L", layers)) | {"fixedrange": True}
    domains = {"y": [0.53, 1] if len(kinds) > 1 else [0, 1], "y2": [0, 0.47]}
    axes = {f"yaxis{axis[1:]}": {**theme.AXIS, **rows, "domain": domains[axis], "title": {"text": words[name]}}
            for name, axis in kinds}
    return picture(60 + 24 * len(layers) * max(len(kinds), 1), cells, **axes, **layout)


def logit_lens(lens: pd.DataFrame, *, labels: Labels = None) -> go.Figure:
    """What each layer would say next if it were the last: its likeliest tokens, the darker the more probable."""
    words = drawing.words(labels)
    layers, ranks = np.sort(lens["layer"].unique()), np.sort(lens["rank"].unique())
    text = lens.pivot(index="layer", columns="rank", values="token").to_numpy()
    cells = {
        "type": "heatmap", "x": ranks, "y": np.arange(len(layers)), "xgap": 3, "ygap": 3, "zmin": 0, "zmax": 1,
        "z": drawing.grid(lens, "layer", "rank", "probability"), "colorscale": theme.PROBABILITY_SCALE,
        "text": [drawing.token_ticks(pd.Series(row))["ticktext"] for row in text], "texttemplate": "%{text}",
        "textfont": {"size": 12}, "colorbar": _probability_bar(),
        "customdata": drawing.grid(lens, "layer", "rank", "kl"),
        "hovertemplate": (f"%{{y}} · %{{text}}<br>{words['probability']} %{{z:.1%}}"
                          f"<br>{words['kl']} %{{customdata:.2f}}<extra></extra>")}
    return picture(40 + 32 * len(layers), [cells], yaxis=downward(numbered("L", layers)),
                   xaxis={"side": "top", "range": drawing.span(ranks), "tickvals": ranks,
                          "ticktext": [f"#{rank}" for rank in ranks]})


def _choices(tokens: pd.DataFrame, name: str, axis: str, word: str, printed: bool) -> dict:
    """One choice of every token in every layer as a map of experts; hues repeat after ten, the numbers do not."""
    experts = drawing.grid(tokens, "layer", "position", name)
    experts = np.where(experts < 0, np.float32(np.nan), experts)
    steps = len(theme.EXPERTS)
    scale = [[place / steps, colour] for at, colour in enumerate(theme.EXPERTS) for place in (at, at + 1)]
    return {"type": "heatmap", "x": np.sort(tokens["position"].unique()), "y": np.arange(len(experts)), "yaxis": axis,
            "z": experts % steps, "customdata": experts, "zmin": -0.5, "zmax": steps - 0.5, "colorscale": scale,
            "showscale": False, "xgap": 1, "ygap": 2, "textfont": {"size": 10},
            **({"texttemplate": "%{text}", "text": _numerals(experts)} if printed else {}),
            "hovertemplate": f"%{{x}} · %{{y}}<br>{word} E%{{customdata:.0f}}<extra></extra>"}


def _numerals(experts: np.ndarray) -> list[list[str]]:
    return [["" if np.isnan(expert) else f"{expert:.0f}" for expert in row] for row in experts]


def _window(in_layer: pd.DataFrame, selected: int | None) -> pd.DataFrame:
    last = in_layer["position"].max() if len(in_layer) else 0
    middle = last if selected is None else selected
    first = max(0, min(middle - WINDOW // 2, last + 1 - WINDOW))
    return in_layer[in_layer["position"].between(first, first + WINDOW - 1)]


def _above(values: np.ndarray, least: float) -> float:
    """The end of an axis that leaves room for the numbers printed above the highest value."""
    return 1.15 * float(np.nanmax(values, initial=least))


def _probability_bar() -> dict:
    return {"thickness": 8, "len": 150, "lenmode": "pixels", "y": 1, "yanchor": "top", "outlinewidth": 0, "xpad": 6,
            "tickvals": [0, 0.1, 0.3, 0.6, 1], "tickformat": ".0%", "tickfont": {"size": 10, "color": theme.MUTE}}


def _chosen_frames(shown: pd.DataFrame, line_width: float) -> list[dict]:
    chosen = shown[shown["rank"] > 0]
    return [{"type": "scatter", "mode": "lines", "line": {"color": colour, "width": line_width}, "hoverinfo": "skip",
             **drawing.frames(cells["expert"], cells["position"], 0.455, 0.4)}
            for colour, cells in chosen.groupby(chosen["expert"].map(theme.expert_colour), sort=False)]


def _row_frame(position: int, experts: int) -> dict:
    return {"type": "rect", "x0": -0.5, "x1": experts - 0.5, "y0": position - 0.5, "y1": position + 0.5,
            "line": {"color": theme.INK, "width": 1.5}}


def _dots(layers: int, experts: int) -> dict:
    """A faint dot for every expert that could have been chosen."""
    return {"type": "scatter", "mode": "markers", "hoverinfo": "skip", "cliponaxis": False,
            "x": np.repeat(np.arange(layers), experts), "y": np.tile(np.arange(experts), layers),
            "marker": {"size": 4, "color": theme.FAINT}}


def _links(chosen: pd.DataFrame, layers: int) -> list[dict]:
    """A curve from every chosen expert to every chosen expert one layer on, in the colour of where it leads."""
    by_layer = [list(chosen[chosen["column"] == column].itertuples()) for column in range(layers)]
    pairs = (pair for these, those in pairwise(by_layer) for pair in product(these, those))
    return [_curve(start, end) for start, end in pairs if start.weight * end.weight >= THINNEST_LINK]


def _curve(start: tuple, end: tuple) -> dict:
    middle = start.column + 0.5
    return {"type": "path", "layer": "below", "opacity": 0.85,
            "path": (f"M{start.column},{start.expert}C{middle},{start.expert} "
                     f"{middle},{end.expert} {end.column},{end.expert}"),
            "line": {"color": theme.expert_colour(end.expert), "width": round(1 + 9 * start.weight * end.weight, 2)}}


def _runner_up(probability: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """True only for the likeliest expert that was not chosen."""
    rest = np.where(chosen | np.isnan(probability), -1, probability)
    return (np.arange(len(rest)) == rest.argmax()) & (rest >= 0) if len(rest) else chosen


def _told(experts: pd.Series, probability: np.ndarray, chosen: np.ndarray, next_best: np.ndarray) -> list[str]:
    """Tick labels: the chosen bold with their probability, the runner-up with its own, the others by name only."""
    names = [f"<b>E{expert}</b>" if picked else f"E{expert}" for expert, picked in zip(experts, chosen, strict=True)]
    return [f"{name}<br>{drawing.percent(p)}" if told else name
            for name, p, told in zip(names, probability, chosen | next_best, strict=True)]


def _margin_note(probability: np.ndarray, chosen: int, word: str) -> list[dict]:
    """The margin in the upper right corner: a difference of logits is a difference of log probabilities."""
    best_first = -np.sort(-probability)
    if chosen >= len(best_first) or not best_first[chosen] > 0:
        return []
    margin = np.log(best_first[chosen - 1] / best_first[chosen])
    return [drawing.note(f"{word} {margin:.2f}", 1, 1, xanchor="right", yanchor="top")]
