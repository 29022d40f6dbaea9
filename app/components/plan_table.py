"""A plan as a table that can be read, and as a file that the exporters read."""

from app.components.widget import Widget


class PlanTable(Widget):
    """Value: title, badge, caption, head, rows (lists of strings), button, which asks for the file."""

    markup = (
        '<section class="panel">'
        '<header><h2></h2><span class="badge"></span></header>'
        '<p class="caption"></p>'
        '<div class="plan-rows" tabindex="0"><table><thead></thead><tbody></tbody></table></div>'
        '<button type="button" class="plan-file"></button>'
        "</section>"
    )
    script = "plan_table.js"
