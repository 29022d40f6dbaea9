"""What all figures share: an empty canvas, axes of tokens, layers and experts, words, and text made safe.

It knows plotly and the theme, but no quantity: what a picture means is the business of its own file.
"""

import html
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app import theme

LONGEST_LABEL = 14     # characters of a token on an axis
MOST_TOKEN_TICKS = 48  # more tokens than this along the bottom are counted, not spelled
ENGLISH = {            # every word a figure may print; a page in another language passes its own
    "token": "token", "position": "position", "layer": "layer", "expert": "expert", "chance": "chance",
    "probability": "probability", "weight": "weight", "share": "share of routed tokens", "margin": "margin",
    "entropy": "entropy (nats)", "interval": "95 % interval", "mean_weight": "mean weight when chosen",
    "overlap": "experts in common", "flips": "routing flips", "flip": "flipped", "no_flip": "same experts",
    "logit_error": "largest logit error", "no_flip_below": "no flip possible below", "kl": "KL (nats)",
    "max_abs_logit_difference": "largest |Δ logit|", "likeliest": "likeliest next", "changed": "likeliest changed",
}
_TEMPLATE = go.layout.Template(theme.TEMPLATE)


def words(labels: Mapping[str, str] | None) -> dict[str, str]:
    """The caller's words over the English ones; what a caller does not know stays English."""
    return ENGLISH | dict(labels or {})


def canvas(height: float, right: int = 12, **layout) -> go.Figure:
    """An empty figure on clear paper; the axes make room for their own labels."""
    margin = {"l": 8, "r": right, "t": 8, "b": 8}
    return go.Figure(layout=go.Layout(template=_TEMPLATE, height=round(height), margin=margin, **layout))


def safe(text: str) -> str:
    """Plotly reads <b>, <br> and <a href> in any text; a token that spells them must stay a token."""
    return html.escape(str(text), quote=False)


def token_ticks(tokens: Iterable[str]) -> list[str]:
    """Tokens as axis labels, long ones cut."""
    return [safe(token if len(token) <= LONGEST_LABEL else token[: LONGEST_LABEL - 1] + "…") for token in tokens]


def grid(table: pd.DataFrame, index: str, columns: str, values: str) -> np.ndarray:
    """One column of a long table as a float32 matrix, rows and columns in ascending order."""
    return table.pivot(index=index, columns=columns, values=values).to_numpy(np.float32)


def tokens_of(table: pd.DataFrame) -> pd.Series:
    """position -> token, in reading order."""
    return table.drop_duplicates("position").set_index("position")["token"].sort_index()


def token_axis(figure: go.Figure, tokens: pd.Series, title: str) -> None:
    """Tokens along the bottom: spelled while there is room, counted where there is not; long texts can be zoomed."""
    many = len(tokens) > MOST_TOKEN_TICKS
    spelled = {} if many else {"tickvals": tokens.index.to_numpy(), "ticktext": token_ticks(tokens)}
    figure.update_xaxes(range=_around(tokens.index), fixedrange=not many, **spelled)
    figure.update_layout(dragmode="zoom" if many else False)
    if many:
        figure.update_xaxes(title_text=title)


def numbered(letter: str, numbers: Sequence[int], places: Sequence[float] | None = None) -> dict:
    """Axis settings that print E0, E1… or L0, L1…; `places` where the numbers have gaps."""
    places = numbers if places is None else places
    return {"tickvals": np.asarray(places), "ticktext": [f"{letter}{number}" for number in numbers]}


def layers_on_y(figure: go.Figure, layers: Sequence[int]) -> None:
    """L0 on top; rows are counted, so a model may have routers in some of its layers only."""
    figure.update_yaxes(range=[len(layers) - 0.5, -0.5], **numbered("L", layers, range(len(layers))))


def chance_line(figure: go.Figure, chance: float, word: str) -> None:
    """A dashed line where pure chance would be, named at its right end."""
    figure.add_hline(y=chance, line={"dash": "dash", "width": 1.2, "color": theme.CHANCE})
    figure.add_annotation(x=1, xref="paper", xanchor="right", y=chance, yanchor="bottom", showarrow=False,
                          text=f"{word} {percent(chance)}", font={"size": 10, "color": theme.MUTE})


def frames(x: np.ndarray, y: np.ndarray, half_width: float, half_height: float) -> dict[str, np.ndarray]:
    """Rectangles around cell centres as one broken line, so that hundreds of them are one small trace."""
    gap = np.nan
    corners_x = np.array([-1, 1, 1, -1, -1, gap]) * half_width   # closed, then a gap
    corners_y = np.array([-1, -1, 1, 1, -1, gap]) * half_height
    return {"x": (np.asarray(x)[:, None] + corners_x).ravel().astype(np.float32),
            "y": (np.asarray(y)[:, None] + corners_y).ravel().astype(np.float32)}


def percent(share: float) -> str:
    """12 %, and 0.4 % where whole per cents would say nothing."""
    return f"{share:.0%}" if share >= 0.095 or share == 0 else f"{share:.1%}"


def _around(positions: pd.Index) -> list[float]:
    return [positions.min() - 0.5, positions.max() + 0.5] if len(positions) else [-0.5, 0.5]
