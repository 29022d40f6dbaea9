"""What all figures share: the empty picture, axes of tokens, layers and experts, words, and text made safe.

It knows plotly and the theme, but no quantity: what a picture means is the business of its own file.
"""

import html
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app import theme

Labels = Mapping[str, str] | None
LONGEST_LABEL = 14     # characters of a token on an axis
MOST_LEVEL_LABELS = 16  # as many numbered labels stay level even on a phone
MOST_TOKEN_TICKS = 48  # more tokens than this along the bottom are counted, not spelled
ENGLISH = {            # every word a figure may print; a page in another language passes its own
    "position": "position", "chance": "chance", "probability": "probability", "weight": "weight",
    "share": "share of routed tokens", "interval": "95 % interval",
    "margin": "margin", "entropy": "entropy (nats)", "overlap": "experts in common", "flips": "routing flips",
    "flip": "flipped", "no_flip": "same experts", "no_flip_below": "no flip possible below",
    "first": "first choice", "second": "second choice",
    "logit_error": "largest logit error", "kl": "KL (nats)", "max_abs_logit_difference": "largest |Δ logit|",
}


def words(labels: Labels) -> dict[str, str]:
    """The caller's words over the English ones; what a caller does not know stays English."""
    return ENGLISH | dict(labels or {})


def picture(height: float, traces: list[dict], right: int = 12, **layout) -> go.Figure:
    """Traces on clear paper. Unvalidated, which is seven times faster; the tests validate every figure."""
    fixed = {"template": theme.TEMPLATE, "height": round(height), "margin": {"l": 8, "r": right, "t": 8, "b": 8}}
    return go.Figure(data=traces, layout=fixed | layout, _validate=False)


def safe(text: str) -> str:
    """Plotly reads <b>, <br> and <a href> in any text; a token that spells them must stay a token."""
    return html.escape(str(text), quote=False)


def all_safe(tokens: Iterable[str]) -> list[str]:
    return [safe(token) for token in tokens]


def token_ticks(tokens: pd.Series) -> dict:
    """Axis settings that print every token at its position, long ones cut: a word that comes twice keeps two places."""
    short = (text if len(text) <= LONGEST_LABEL else text[: LONGEST_LABEL - 1] + "…" for text in map(str, tokens))
    return {"tickvals": tokens.index.to_numpy(), "ticktext": all_safe(short)}


def along_bottom(tokens: pd.Series, title: str) -> dict:
    """Layout with tokens from left to right: spelled while there is room, else counted, and open to zooming."""
    if len(tokens) <= MOST_TOKEN_TICKS:
        return {"xaxis": {"range": span(tokens.index), **token_ticks(tokens)}}
    return {"xaxis": {"range": span(tokens.index), "fixedrange": False, "title": {"text": title}}, "dragmode": "zoom"}


def down_the_side(tokens: pd.Series, size: float) -> dict:
    """An axis with tokens from top to bottom."""
    return {"range": span(tokens.index)[::-1], **token_ticks(tokens), "tickfont": {"size": size, "color": theme.INK}}


def numbered(letter: str, numbers: Sequence[int]) -> dict:
    """An axis of places 0, 1, 2… that prints E0, E1… or L0, L2…: a model may route in some of its layers only."""
    numbers = np.asarray(numbers)
    return {"range": span(range(len(numbers))), "tickvals": np.arange(len(numbers)),
            "ticktext": [f"{letter}{number}" for number in numbers],
            "tickangle": 0 if len(numbers) <= MOST_LEVEL_LABELS else "auto"}


def downward(axis: dict) -> dict:
    """The same axis with its first entry on top."""
    return axis | {"range": axis["range"][::-1]}


def span(places: Sequence[float]) -> list[float]:
    """From half a place before the first to half a place after the last."""
    return [float(min(places)) - 0.5, float(max(places)) + 0.5] if len(places) else [-0.5, 0.5]


def tokens_of(table: pd.DataFrame) -> pd.Series:
    """position -> token, in reading order."""
    return table.drop_duplicates("position").set_index("position")["token"].sort_index()


def grid(table: pd.DataFrame, index: str, columns: str, values: str) -> np.ndarray:
    """One column of a long table as a float32 matrix, rows and columns in ascending order."""
    return table.pivot(index=index, columns=columns, values=values).to_numpy(np.float32)


def level_line(y: float, axis: str = "y") -> dict:
    """A dashed line across the picture."""
    return {"type": "line", "layer": "below", "xref": "paper", "yref": axis, "x0": 0, "x1": 1,
            "y0": float(y), "y1": float(y), "line": {"dash": "dash", "width": 1.2, "color": theme.CHANCE}}


def note(text: str, x: float, y: float, **place) -> dict:
    """A few small words; x and y count from 0 to 1 over the picture unless `place` says otherwise."""
    return {"text": text, "x": float(x), "y": float(y), "xref": "paper", "yref": "paper", "showarrow": False,
            "font": {"size": 11, "color": theme.MUTE}, **place}


def chance_note(chance: float, word: str) -> dict:
    """The name of the chance line, to the right of it."""
    return note(f"{word}<br>{percent(chance)}", 1, chance, yref="y", xanchor="left", align="left")


def whiskers(value: np.ndarray, low: np.ndarray, high: np.ndarray) -> dict:
    """An interval around a bar's end."""
    return {"array": high - value, "arrayminus": value - low, "thickness": 1.2, "width": 4, "color": theme.MUTE}


def frames(x: Sequence[float], y: Sequence[float], half_width: float, half_height: float) -> dict[str, np.ndarray]:
    """Rectangles around cell centres as one broken line, so that hundreds of them are one small trace."""
    corners_x = np.array([-1, 1, 1, -1, -1, np.nan]) * half_width  # round the cell, then a gap
    corners_y = np.array([-1, -1, 1, 1, -1, np.nan]) * half_height
    return {"x": (np.asarray(x)[:, None] + corners_x).ravel().astype(np.float32),
            "y": (np.asarray(y)[:, None] + corners_y).ravel().astype(np.float32)}


def percent(share: float) -> str:
    """12%, and 0.4% where whole per cents would say nothing; a dash for the unknown."""
    if np.isnan(share):
        return "–"
    if share >= 0.095 or share == 0:
        return f"{share:.0%}"
    return f"{share:.1%}" if share >= 0.001 else "&lt;0.1%"
