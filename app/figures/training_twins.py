"""A picture of how much less a mixture loses than its dense twins, by kind of text.

It knows its table by the columns; left of the dashed line the mixture is better.
"""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app import theme
from app.figures import drawing
from app.figures.drawing import Labels, picture

OWN = {"dense_active": "twin of equal active parameters", "dense_total": "twin of equal total parameters",
       "behind": "nats per token, mixture less twin"}
ENGLISH = drawing.ENGLISH | OWN
TWINS = {"dense_active": (theme.ACCENT, "circle", -0.15), "dense_total": (theme.INK, "diamond", 0.15)}


def differences(table: pd.DataFrame, *, labels: Labels = None) -> go.Figure:
    """Loss of the mixture less that of each twin, with the 95 % interval over documents; left of 0 the mixture wins."""
    words = ENGLISH | dict(labels or {})
    names = table["name"].drop_duplicates().tolist()
    points = [_points(table[table["twin"] == twin], twin, names, words)
              for twin in TWINS if (table["twin"] == twin).any()]
    even = {**drawing.level_line(0), "xref": "x", "yref": "paper", "x0": 0, "x1": 0, "y0": 0, "y1": 1}
    return picture(80 + 28 * len(names), points, shapes=[even], showlegend=True,
                   legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "font": {"color": theme.MUTE}},
                   xaxis={"nticks": 7, "title": {"text": words["behind"]}},
                   yaxis={"range": [len(names) - 0.5, -0.5], "tickvals": list(range(len(names))),
                          "ticktext": drawing.all_safe(names), "tickfont": {"size": 12, "color": theme.INK}})


def _points(rows: pd.DataFrame, twin: str, names: list[str], words: dict) -> dict:
    colour, sign, shift = TWINS[twin]
    value, low, high = (rows[name].to_numpy(np.float32) for name in ("nats", "low", "high"))
    return {"type": "scatter", "mode": "markers", "name": words[twin], "x": value,
            "y": np.array([names.index(name) for name in rows["name"]]) + shift,
            "marker": {"color": colour, "symbol": sign, "size": 9, "line": {"width": 1, "color": theme.PANEL}},
            "error_x": {"array": high - value, "arrayminus": value - low, "thickness": 1.4, "width": 0,
                        "color": colour},
            "text": drawing.all_safe(rows["name"]), "customdata": np.column_stack([low, high, rows["documents"]]),
            "hovertemplate": (f"%{{text}}, n = %{{customdata[2]:.0f}}<br>{words['behind']} %{{x:+.3f}}<br>"
                              f"{words['interval']} %{{customdata[0]:+.3f}} – %{{customdata[1]:+.3f}}<extra></extra>")}
