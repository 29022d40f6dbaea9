"""The steps from raw texts to a model in use, as boxes in a row that can be chosen."""

from app.components.widget import Widget


class Pipeline(Widget):
    """Value: label, chosen (index) and steps of {"name", "told", "known"}. Event `step_click` carries the index."""

    markup = '<nav class="pipeline"><ol></ol></nav>'
    script = "pipeline.js"
