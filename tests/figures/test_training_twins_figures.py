"""A difference is drawn where it lies, with its interval, beside a line that means equal."""

import pandas as pd
import pytest
from figure_laws import ready_for_the_page

from app.figures import training_twins as figures


def test_every_difference_has_its_point_and_equal_its_line():
    table = pd.DataFrame([("all", "dense_active", 9, -0.2, -0.3, -0.1), ("<b>poems", "dense_active", 2, 0.1, -0.4, 0.6),
                          ("all", "dense_total", 9, 0.5, 0.4, 0.7)],
                         columns=["name", "twin", "documents", "nats", "low", "high"])
    figure = ready_for_the_page(figures.differences(table))
    active, total = figure.data
    assert list(active.x) == pytest.approx([-0.2, 0.1])
    assert list(active.error_x.array) == pytest.approx([0.1, 0.5])
    assert list(total.error_x.arrayminus) == pytest.approx([0.1])
    assert figure.layout.shapes[0].x0 == figure.layout.shapes[0].x1 == 0
    assert figure.layout.yaxis.ticktext == ("all", "&lt;b&gt;poems")
