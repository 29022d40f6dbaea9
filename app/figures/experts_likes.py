"""Which experts a kind of token prefers, in all layers at once.

It knows the table of moe_core.statistics.specialisation by its columns.
"""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app.figures import experts
from app.figures.drawing import Labels, downward, numbered, picture


def likes(preferences: pd.DataFrame, *, labels: Labels = None) -> go.Figure:
    """Of one kind of token, the share that each expert of each layer gets: orange above its usual share, blue below;
    framed: surely so, even when all cells are looked at together."""
    words = experts.ENGLISH | dict(labels or {})
    layers, numbers = np.sort(preferences["layer"].unique()), np.sort(preferences["expert"].unique())
    rows, columns = (np.searchsorted(known, preferences[name]) for known, name in ((layers, "layer"),
                                                                                   (numbers, "expert")))
    cells = experts.lift_map(preferences, rows, columns, (len(layers), len(numbers)), words, words["preference"])
    return picture(48 + 36 * len(layers), [cells, experts.surely_uneven(preferences, rows, columns)],
                   yaxis=downward(numbered("L", layers)), xaxis={**numbered("E", numbers), "side": "top"})
