"""What holds for every figure of the page."""

import plotly.graph_objects as go

from app import theme


def valid(figure: go.Figure) -> go.Figure:
    """The same figure; plotly refuses a property that it does not know (figures are made unvalidated)."""
    go.Figure(figure.to_plotly_json())
    return figure


def ready_for_the_page(figure: go.Figure) -> go.Figure:
    """Valid, of a known height, and on clear paper, so that it may lie on a light page and on a dark one."""
    assert figure.layout.height > 0
    assert figure.layout.template.layout.paper_bgcolor == theme.CLEAR
    return valid(figure)
