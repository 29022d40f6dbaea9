"""A figure with its title, its caption, where its numbers come from, and its table to take away."""

from app import theme
from app.components.widget import Widget


class FigurePanel(Widget):
    """Value: title, badge, caption, summary (for the screen reader), figure (plotly's JSON, as text).

    A panel with a property `moves` ("gates", "path" or "load") follows the Player of its page; a click on a row of
    "gates" is told to the Player.

    Event `cell_click` carries x, y, z of a clicked mark.
    """

    markup = (
        '<section class="panel">'
        '<header><h2></h2><span class="badge"></span><button type="button" class="csv">CSV</button></header>'
        '<p class="caption"></p>'
        '<div class="stage"><div class="plot" role="img"></div><canvas hidden aria-hidden="true"></canvas></div>'
        "</section>"
    )
    script = "figure_panel.js"

    constants = {"DARK_OF_LIGHT": theme.DARK_OF_LIGHT}

    def __init__(self, value=None, **properties):
        super().__init__(value=value, **{"moves": None, **properties})
