"""The few numbers that say in words what a picture shows: for captions, and for readers who do not see it.

They are plain numbers in a dict; which sentence they stand in, and in which language, is not known here.
"""

import pandas as pd


def load_summary(load: pd.DataFrame) -> dict:
    """Of all layers' load: the busiest expert, the idle ones, and how many leave chance beyond their interval."""
    busiest = load.loc[load["share"].idxmax()]
    uneven = (load["low"] > load["chance"]) | (load["high"] < load["chance"])
    return {"layers": load["layer"].nunique(), "experts": load["expert"].nunique(), "chance": float(busiest["chance"]),
            "busiest_layer": int(busiest["layer"]), "busiest_expert": int(busiest["expert"]),
            "busiest_share": float(busiest["share"]), "idle": int((load["share"] == 0).sum()),
            "uneven": int(uneven.sum())}


def confidence_summary(tokens: pd.DataFrame, layer: int, hesitant_below: float) -> dict:
    """Of one layer's margins: their mean, and how many tokens the router hesitated over."""
    row = tokens[tokens["layer"] == layer]
    return {"n_tokens": len(row), "mean_margin": float(row["margin"].mean()),
            "mean_entropy": float(row["entropy"].mean()), "hesitant_below": hesitant_below,
            "hesitant": int((row["margin"] < hesitant_below).sum())}
