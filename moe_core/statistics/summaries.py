"""The few numbers that say in words what a picture shows: for captions, and for readers who do not see it.

They are plain numbers in a dict; which sentence they stand in, and in which language, is not known here.
"""

import pandas as pd


def gate_summary(routing: pd.DataFrame, layer: int) -> dict:
    """Of one layer's gate probabilities: who is chosen most often, and how sure the router is on average."""
    row = routing[routing["layer"] == layer]
    chosen, experts = row[row["rank"] > 0]["expert"].value_counts(), row["expert"].nunique()
    return {"n_tokens": row["position"].nunique(), "experts": experts, "chance": 1 / experts,
            "busiest_expert": int(chosen.index[0]), "busiest_tokens": int(chosen.iloc[0]),
            "mean_first_probability": float(row[row["rank"] == 1]["probability"].mean())}


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


def agreement_summary(agreement: pd.DataFrame) -> dict:
    """Of two walks: how many decisions and tokens flipped, where first, and how close those choices had been."""
    flips = agreement[~agreement["same_choice"]]
    return {"n_tokens": agreement["position"].nunique(), "decisions": len(agreement), "flips": len(flips),
            "flip_share": len(flips) / len(agreement), "flipped_tokens": flips["position"].nunique(),
            "first_flip": None if flips.empty else int(flips["position"].min()),
            "widest_flipped_margin": None if flips.empty else float(flips["margin"].max()),
            "median_margin": float(agreement["margin"].median())}


def outputs_summary(outputs: pd.DataFrame) -> dict:
    """Of two predictions: their mean and worst distance, and how often the likeliest token stayed the same."""
    worst = outputs.loc[outputs["kl"].idxmax()]
    return {"n_tokens": len(outputs), "mean_kl": float(outputs["kl"].mean()), "worst_kl": float(worst["kl"]),
            "worst_position": int(worst["position"]), "worst_token": worst["token"],
            "max_abs_logit_difference": float(outputs["max_abs_logit_difference"].max()),
            "top1_agreement": float((outputs["top_a"] == outputs["top_b"]).mean())}
