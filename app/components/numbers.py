"""A row of measured numbers, each with its name and one line of meaning."""

from app.components.widget import Widget


class Numbers(Widget):
    """Value: a list of {"name", "value", "note"}."""

    markup = '<dl class="numbers"></dl>'
    script = "numbers.js"
