"""A plan as a table that can be read, and as a file that the exporters read."""

from app.components.widget import Widget


class PlanTable(Widget):
    """Value: title, badge, caption, head, rows (lists of strings), button. Event `plan_click` asks for the file.

    The file comes back through the property `download` ({"name", "text", "serial"}).
    """

    markup = (
        '<section class="panel">'
        '<header><h2></h2><span class="badge"></span></header>'
        '<p class="caption"></p>'
        '<div class="plan-rows" tabindex="0"><table><thead></thead><tbody></tbody></table></div>'
        '<button type="button" class="plan-file"></button>'
        "</section>"
    )
    script = "plan_table.js"

    def __init__(self, value=None, **properties):
        super().__init__(value=value, **{"download": None, **properties})
