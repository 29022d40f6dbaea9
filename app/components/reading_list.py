"""What an expert reads most: tokens with their counts and the places where it read them."""

from app.components.widget import Widget


class ReadingList(Widget):
    """Value: title, badge, caption, csv_hint and groups of {"name", "empty", "rows": [{"token", "told", "places"}]}.

    A place is [before, token, after].
    """

    markup = (
        '<section class="panel">'
        '<header><h2></h2><span class="badge"></span><button type="button" class="csv">CSV</button></header>'
        '<p class="caption"></p>'
        '<div class="readings"></div>'
        "</section>"
    )
    script = "reading_list.js"
