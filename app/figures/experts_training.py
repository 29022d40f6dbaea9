"""How the routing settled during training, snapshot by snapshot.

It knows the table of moe_core.statistics.saturation by its columns.
"""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app import theme
from app.figures import drawing
from app.figures.drawing import Labels, downward, numbered, picture

OWN = {"shared_final": "of its experts are final", "step": "step"}
ENGLISH = drawing.ENGLISH | OWN
MOST_PRINTED = 16  # snapshots whose cells carry their number


def settling(saturation: pd.DataFrame, *, labels: Labels = None) -> go.Figure:
    """How much of the finished model's routing each snapshot of training already had: the darker, the more of each
    token's experts were final."""
    words = ENGLISH | dict(labels or {})
    steps, layers = np.sort(saturation["step"].unique()), np.sort(saturation["layer"].unique())
    names = ("share", "low", "high", "chance")
    grids = np.stack([saturation.pivot(index="layer", columns="step", values=name).to_numpy(np.float32)
                      for name in names])
    printed = [[drawing.percent(share) for share in row] for row in grids[0]]
    shown = {"text": printed, "texttemplate": "%{text}", "textfont": {"size": 11}}
    cells = {"type": "heatmap", "x": np.arange(len(steps)), "y": np.arange(len(layers)), "z": grids[0], "zmin": 0,
             "zmax": 1, "colorscale": theme.PROBABILITY_SCALE, "showscale": False, "xgap": 2, "ygap": 2,
             "customdata": np.concatenate([np.moveaxis(grids[1:], 0, -1), np.broadcast_to(
                 steps[None, :, None], (*grids[0].shape, 1))], axis=-1).astype(np.float32),
             **(shown if len(steps) <= MOST_PRINTED else {}),
             "hovertemplate": (f"{words['step']} %{{customdata[3]:,.0f}} · %{{y}}<br>%{{z:.1%}} {words['shared_final']}"
                               f"<br>{words['interval']} %{{customdata[0]:.1%}} – %{{customdata[1]:.1%}}"
                               f"<br>{words['chance']} %{{customdata[2]:.1%}}<extra></extra>")}
    ticks = {"range": drawing.span(range(len(steps))), "tickvals": np.arange(len(steps)),
             "ticktext": [f"{step:,}" for step in steps.tolist()], "title": {"text": words["step"]}}
    return picture(72 + 32 * len(layers), [cells], xaxis=ticks, yaxis=downward(numbered("L", layers)))
