"""A table of measured numbers with its title, its caption, where they come from, and a file to take away."""

from app.components.widget import Widget


class FactTable(Widget):
    """Value: title, badge, caption, csv_hint, head (names of columns), rows of cells; a cell is [number, interval]."""

    markup = (
        '<section class="panel">'
        '<header><h2></h2><span class="badge"></span><button type="button" class="csv">CSV</button></header>'
        '<p class="caption"></p>'
        '<div class="facts" tabindex="0"><table><thead><tr></tr></thead><tbody></tbody></table></div>'
        "</section>"
    )
    script = "fact_table.js"
