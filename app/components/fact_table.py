"""A table of measured numbers with its title, its caption, where they come from, and a file to take away."""

from app.components.widget import Widget


class FactTable(Widget):
    """Value: title, badge, caption, csv_hint, head (names of columns) and rows of cells; a cell is [number, interval].

    Event `csv_click` asks for the table, which comes back through the property `download`.
    """

    markup = (
        '<section class="panel">'
        '<header><h2></h2><span class="badge"></span><button type="button" class="csv">CSV</button></header>'
        '<p class="caption"></p>'
        '<div class="facts" tabindex="0"><table><thead><tr></tr></thead><tbody></tbody></table></div>'
        "</section>"
    )
    script = "fact_table.js"

    def __init__(self, value=None, **properties):
        super().__init__(value=value, download=None, **properties)
