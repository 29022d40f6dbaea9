"""What an expert reads most: tokens with their counts and the places where it read them."""

from app.components.widget import Widget


class ReadingList(Widget):
    """Value: title, badge, caption, csv_hint and groups of {"name", "empty", "rows": [{"token", "told", "places"}]}.

    A place is [before, token, after]. Event `csv_click` asks for the table, which comes back through `download`.
    """

    markup = (
        '<section class="panel">'
        '<header><h2></h2><span class="badge"></span><button type="button" class="csv">CSV</button></header>'
        '<p class="caption"></p>'
        '<div class="readings"></div>'
        "</section>"
    )
    script = "reading_list.js"

    def __init__(self, value=None, **properties):
        super().__init__(value=value, download=None, **properties)
