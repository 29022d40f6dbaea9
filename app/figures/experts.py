"""Pictures of the experts of a whole text or corpus: who works with whom, who prefers what, and what chance would do.

They know the tables of moe_core.statistics by their columns. The load map is the same as for one prompt.
"""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app import theme
from app.figures import drawing
from app.figures.drawing import Labels, downward, numbered, picture
from app.figures.prompt import load_map

__all__ = ["balance", "coactivation", "coverage", "divergence", "load", "load_map", "mutual_information",
           "predictability", "repeats", "specialisation"]

OWN = {  # words that only these figures print, or print otherwise
    "together": "also choose", "preference": "of these tokens choose", "tokens": "tokens",
    "bits": "mutual information (bits)", "of_bits": "of", "shuffled": "by chance, 95 % below the upper end",
    "divergence": "Jensen-Shannon divergence (bits)", "p": "p", "used": "experts in use", "read": "tokens read",
    "even": "even routing", "reordered": "same tokens, shuffled", "first": "same first choice",
    "any": "an expert in common", "pairs": "pairs of neighbours", "guessed": "first choices guessed from the token",
    "baseline": "always the busiest expert", "seen": "seen elsewhere",
    "violation": "MaxVio", "idle": "idle experts",
}
ENGLISH = drawing.ENGLISH | OWN
MOST_PRINTED = 16  # experts whose cells carry their number
LONGEST_KIND = 22  # characters of a label's name: "Chinese adpositions" stays whole
MOST_LABELS = 40   # rows of a preference map; the most frequent labels stay
BAR = {"color": theme.BAR, "opacity": 0.6, "cornerradius": 3}  # pale, so that a chance mark shows on it
FARTHEST = 3.0     # doublings; beyond 8 times chance, or an eighth of it, the colour does not change


def load(loads: pd.DataFrame, layer: int, expert: int, *, labels: Labels = None) -> go.Figure:
    """The load map of all layers with one expert picked out."""
    figure = load_map(loads, labels=labels)
    row, column = (np.searchsorted(np.unique(loads[name]), [value])
                   for name, value in (("layer", layer), ("expert", expert)))
    picked = {"type": "scatter", "mode": "lines", "line": {"color": theme.ACCENT, "width": 3}, "hoverinfo": "skip",
              **drawing.frames(column, row, 0.48, 0.47)}
    return go.Figure(data=[*figure.data, picked], layout=figure.layout, _validate=False)


def balance(balances: pd.DataFrame, *, labels: Labels = None) -> go.Figure:
    """How much more than the mean the busiest expert of each layer gets: 0 = all alike, 1 = twice the mean.
    The grey mark is what even routing of as many tokens gives; its upper end holds 95 % of them."""
    words = _words(labels)
    hover = (f"%{{x}}<br>{words['violation']} %{{y:.2f}}<br>{words['chance']} %{{customdata[0]:.2f}}"
             f"<br>{words['idle']} %{{customdata[1]}}<extra></extra>")
    return _against_shuffles(balances.rename(columns={"max_violation": "bits"}), ["chance", "idle"], hover,
                             words["violation"], words["shuffled"])


def coactivation(pairs: pd.DataFrame, layer: int, *, labels: Labels = None) -> go.Figure:
    """Of the tokens that choose the expert of a row, how many also choose the expert of a column.
    Orange: more often than the two loads alone would give; blue: less often; framed: beyond the 95 % interval."""
    words = _words(labels)
    table = pairs[pairs["layer"] == layer]
    experts = np.unique(table[["expert", "other"]])
    rows, columns = (np.searchsorted(experts, table[name]) for name in ("expert", "other"))
    cells = lift_map(table, rows, columns, (len(experts), len(experts)), words, words["together"])
    return picture(48 + _row_height(len(experts)) * len(experts), [cells, surely_uneven(table, rows, columns)],
                   xaxis={**numbered("E", experts), "side": "top"}, yaxis=downward(numbered("E", experts)))


def specialisation(preferences: pd.DataFrame, layer: int, *, labels: Labels = None) -> go.Figure:
    """Which part of each kind of token goes to which expert: orange above the expert's usual share, blue below.
    Framed cells differ from it by more than the 95 % interval explains."""
    words = _words(labels)
    table = preferences[preferences["layer"] == layer]
    kinds = table.drop_duplicates("label").nlargest(MOST_LABELS, "tokens")["label"].tolist()
    table, experts = table[table["label"].isin(kinds)], np.sort(table["expert"].unique())
    rows, columns = table["label"].map({kind: row for row, kind in enumerate(kinds)}), table["expert"]
    rows, columns = rows.to_numpy(), np.searchsorted(experts, columns)
    cells = lift_map(table, rows, columns, (len(kinds), len(experts)), words, words["preference"])
    frames = surely_uneven(table, rows, columns)
    names = [words.get(str(kind), str(kind)) for kind in kinds]
    side = drawing.down_the_side(pd.Series(names, dtype=object), 12) | {"ticktext": drawing.all_safe(
        name if len(name) <= LONGEST_KIND else f"{name[:LONGEST_KIND - 1]}…" for name in names)}
    return picture(48 + 28 * len(kinds), [cells, frames], yaxis=side, xaxis={**numbered("E", experts), "side": "top"})


def mutual_information(information: pd.DataFrame, *, labels: Labels = None) -> go.Figure:
    """How much the first choice of expert tells about the kind of token, layer by layer, in bits.
    The grey mark is what shuffled labels give; its upper end holds 95 % of them."""
    words = _words(labels)
    hover = (f"%{{x}}<br>{words['bits']} %{{y:.3f}} {words['of_bits']} %{{customdata[2]:.2f}}"
             f"<br>{words['chance']} %{{customdata[0]:.3f}}<br>{words['p']} %{{customdata[1]:.3f}}<extra></extra>")
    return _against_shuffles(information, ["chance", "p", "label_bits"], hover, words["bits"], words["shuffled"])


def divergence(divergences: pd.DataFrame, *, labels: Labels = None) -> go.Figure:
    """How differently two texts use the experts of each layer: 0 = alike, 1 = no expert in common.
    The grey mark is what dealing the same tokens out at random gives; its upper end holds 95 % of the deals."""
    words = _words(labels)
    hover = (f"%{{x}}<br>{words['divergence']} %{{y:.4f}}<br>{words['chance']} %{{customdata[0]:.4f}}"
             f"<br>{words['p']} %{{customdata[1]:.3f}}<extra></extra>")
    return _against_shuffles(divergences, ["chance", "p"], hover, words["divergence"], words["shuffled"])


def coverage(used: pd.DataFrame, layer: int, *, labels: Labels = None) -> go.Figure:
    """How many experts of a layer have been in use after so many tokens. Dashed, with its 95 % range: even routing.
    Dotted: the same tokens in random order; a line below it means that neighbours share experts."""
    words = _words(labels)
    table = used[used["layer"] == layer]
    read = table["tokens"].to_numpy(np.float32)
    line = {"type": "scatter", "mode": "lines", "x": read}
    bounds = [{**line, "y": table[end].to_numpy(np.float32), "line": {"width": 0, "shape": "hv"}, "hoverinfo": "skip",
               "showlegend": False} for end in ("low", "high")]
    bounds[1] |= {"fill": "tonexty", "fillcolor": theme.FAINT, "opacity": 0.4}
    curves = [
        {**line, "name": words[word], "y": table[name].to_numpy(np.float32), "line": style,
         "hovertemplate": f"{words['read']} %{{x:.0f}}<br>{words[word]} %{{y:.1f}}<extra></extra>"}
        for name, word, style in (("chance", "even", {"dash": "dash", "width": 1.2, "color": theme.CHANCE}),
                                  ("shuffled", "reordered", {"dash": "dot", "width": 1.4, "color": theme.MUTE}),
                                  ("used", "used", {"width": 2.2, "color": theme.INK, "shape": "hv"}))]
    return picture(260, bounds + curves, **_legend(),
                   xaxis={"type": "log", "title": {"text": words["read"]}, "tickformat": "~s", "nticks": 8},
                   yaxis={"range": [0, 1.05 * float(table["experts"].max())], "nticks": 6,
                          "title": {"text": words["used"]}})


def repeats(repeated: pd.DataFrame, *, labels: Labels = None) -> go.Figure:
    """How often neighbouring tokens meet the same expert, with the 95 % interval: as first choice, and at all.
    Dashed: what even routing gives; grey marks: what this layer's own load gives when the tokens are shuffled."""
    words = _words(labels)
    layers, traces = np.sort(repeated["layer"].unique()), []
    for offset, choice, pattern in ((-0.2, "first", ""), (0.2, "any", "/")):
        table = repeated[repeated["choice"] == choice].sort_values("layer")
        hover = (f"%{{customdata[3]}}<br>{words[choice]} %{{y:.1%}}<br>{words['interval']} %{{customdata[0]:.1%}} – "
                 f"%{{customdata[1]:.1%}}<br>{words['pairs']} %{{customdata[2]}}<extra></extra>")
        traces += [_bars(table, offset, 0.36, pattern) | {
            "name": words[choice], "hovertemplate": hover,
            "customdata": table[["low", "high", "pairs"]].assign(layer=[f"L{layer}" for layer in layers]).to_numpy()},
            _marks(table["shuffled"], offset)]
    chances = repeated.groupby("choice")["chance"].max()
    return picture(260, traces, right=64, **_legend(), shapes=[drawing.level_line(chance) for chance in chances],
                   annotations=[drawing.chance_note(chance, words["chance"]) for chance in chances],
                   xaxis=numbered("L", layers), yaxis=_share_axis(repeated["high"]))


def predictability(guesses: pd.DataFrame, *, labels: Labels = None) -> go.Figure:
    """How many first choices the token alone gives away, guessed from the other half of the texts, with 95 % interval.
    Grey marks: always guessing the busiest expert."""
    words = _words(labels)
    hover = (f"%{{x}}<br>{words['guessed']} %{{y:.1%}}<br>{words['interval']} %{{customdata[0]:.1%}} – "
             f"%{{customdata[1]:.1%}}<br>{words['baseline']} %{{customdata[2]:.1%}}"
             f"<br>{words['seen']} %{{customdata[3]:.0%}}<extra></extra>")
    bars = _bars(guesses, 0, 0.6) | {
        "name": words["guessed"], "hovertemplate": hover,
        "customdata": guesses[["low", "high", "baseline", "seen"]].to_numpy(np.float32)}
    marks = _marks(guesses["baseline"], 0) | {"name": words["baseline"], "showlegend": True}
    return picture(240, [bars, marks], **_legend(), xaxis=numbered("L", guesses["layer"]),
                   yaxis=_share_axis(guesses["high"]))


def _words(labels: Labels) -> dict[str, str]:
    return ENGLISH | dict(labels or {})


def lift_map(table: pd.DataFrame, rows: np.ndarray, columns: np.ndarray, size: tuple[int, int],
              words: dict[str, str], what: str) -> dict:
    """A heatmap of doublings: 0 is chance, +1 twice as often, -1 half as often; what cannot be known stays empty."""
    told = ["share", "chance", "low", "high", *(["tokens"] if size[1] <= MOST_PRINTED else [])]
    grids = np.full((1 + len(told), *size), np.nan, np.float32)
    grids[:, rows, columns] = [_doublings(table), *(table[name] for name in told)]
    reach = float(np.nanmax(np.abs(grids[0]), initial=1))
    cells = {"type": "heatmap", "x": np.arange(size[1]), "y": np.arange(size[0]), "z": grids[0], "zmin": -reach,
             "zmax": reach, "colorscale": theme.DIVERGING_SCALE, "showscale": False, "hoverongaps": False,
             "xgap": 1, "ygap": 1, "customdata": np.moveaxis(grids[1:], 0, -1),
             "hovertemplate": _hover_of_lift(words, what, told)}
    if size[1] > MOST_PRINTED:
        return cells
    printed = [[drawing.percent(share) if share >= 0 else "" for share in row] for row in grids[1]]
    return cells | {"text": printed, "texttemplate": "%{text}", "textfont": {"size": 11}, "xgap": 3, "ygap": 3}


def _doublings(table: pd.DataFrame) -> np.ndarray:
    share, chance = table["share"].to_numpy(float), table["chance"].to_numpy(float)
    known = np.isfinite(share) & (chance > 0)
    lift = np.where(known, share, 1) / np.where(known, chance, 1)
    return np.where(known, np.clip(np.log2(np.maximum(lift, 1e-9)), -FARTHEST, FARTHEST), np.nan)


def _hover_of_lift(words: dict[str, str], what: str, told: list[str]) -> str:
    return (f"%{{y}} · %{{x}}<br>%{{customdata[0]:.1%}} {what}<br>{words['interval']} %{{customdata[2]:.1%}} – "
            f"%{{customdata[3]:.1%}}<br>{words['chance']} %{{customdata[1]:.1%}}"
            + (f"<br>{words['tokens']} %{{customdata[4]:.0f}}" if "tokens" in told else "") + "<extra></extra>")


def surely_uneven(table: pd.DataFrame, rows: np.ndarray, columns: np.ndarray) -> dict:
    """Frames around the cells whose interval leaves chance out; dots in them where there are too many to frame."""
    sure = ((table["low"] > table["chance"]) | (table["high"] < table["chance"])).to_numpy()
    if columns.max(initial=0) < MOST_PRINTED:
        return {"type": "scatter", "mode": "lines", "line": {"color": theme.INK, "width": 1.4}, "hoverinfo": "skip",
                **drawing.frames(columns[sure], rows[sure], 0.46, 0.44)}
    return {"type": "scatter", "mode": "markers", "marker": {"color": theme.INK, "size": 3}, "hoverinfo": "skip",
            "x": columns[sure].astype(np.int16), "y": rows[sure].astype(np.int16)}


def _against_shuffles(table: pd.DataFrame, told: list[str], hover: str, title: str, by_chance: str) -> go.Figure:
    bars = {"type": "bar", "x": np.arange(len(table)), "y": table["bits"].to_numpy(np.float32), "width": 0.6,
            "marker": BAR, "hovertemplate": hover, "showlegend": False,
            "customdata": table[told].to_numpy(np.float32)}
    chance, high = (table[name].to_numpy(np.float32) for name in ("chance", "high"))
    marks = _marks(chance, 0) | {"name": by_chance, "showlegend": True, "error_y": {
        "array": np.maximum(high - chance, 0), "arrayminus": np.zeros_like(chance), "width": 6, "thickness": 1.4,
        "color": theme.MUTE}}
    return picture(240, [bars, marks], **_legend(), xaxis=numbered("L", table["layer"]),
                   yaxis={"rangemode": "tozero", "nticks": 4, "title": {"text": title}})


def _bars(table: pd.DataFrame, offset: float, width: float, pattern: str = "") -> dict:
    share, low, high = (table[column].to_numpy(np.float32) for column in ("share", "low", "high"))
    return {"type": "bar", "x": np.arange(len(table)) + offset, "y": share, "width": width,
            "marker": {**BAR, "pattern": {"shape": pattern, "size": 6, "solidity": 0.35}},
            "error_y": drawing.whiskers(share, low, high)}


def _marks(values: pd.Series | np.ndarray, offset: float) -> dict:
    """Short grey lines across the bars, where chance would end them."""
    return {"type": "scatter", "mode": "markers", "x": np.arange(len(values)) + offset, "hoverinfo": "skip",
            "y": np.asarray(values, np.float32), "showlegend": False,
            "marker": {"symbol": "line-ew", "size": 18, "line": {"width": 2.4, "color": theme.MUTE}}}


def _share_axis(high: pd.Series) -> dict:
    return {"range": [0, min(1.05, 1.15 * float(np.nanmax(high, initial=0.05)))], "tickformat": ".0%", "nticks": 5}


def _legend() -> dict:
    return {"showlegend": True, "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom",
                                           "font": {"color": theme.MUTE}}}


def _row_height(experts: int) -> float:
    return float(np.interp(experts, [10, 64], [30, 10]))
