"""A summary says in a few numbers what its picture shows."""

import pandas as pd
import pytest

from moe_core.statistics import summaries


def test_the_load_names_its_extremes():
    load = pd.DataFrame({"layer": [0, 0, 4, 4], "expert": [0, 1] * 2, "share": [0.5, 0.5, 1, 0], "chance": [0.5] * 4,
                         "low": [0.2, 0.2, 0.7, 0], "high": [0.8, 0.8, 1, 0.3]})
    assert summaries.load_summary(load) == {
        "layers": 2, "experts": 2, "chance": 0.5, "busiest_layer": 4, "busiest_expert": 0, "busiest_share": 1,
        "idle": 1, "uneven": 2}


def test_the_confidence_counts_hesitant_tokens():
    tokens = pd.DataFrame({"layer": [0, 0, 1], "margin": [0.05, 0.15, 0], "entropy": [1, 2, 9]})
    assert summaries.confidence_summary(tokens, 0, hesitant_below=0.1) == {
        "n_tokens": 2, "mean_margin": pytest.approx(0.1), "mean_entropy": 1.5, "hesitant_below": 0.1, "hesitant": 1}
