"""Two continuations of one prompt, marked from where they part."""

from app.components.widget import Widget


class TextPair(Widget):
    """Value: title, caption and rows of {"name", "prompt", "same", "different"}."""

    markup = '<section class="panel"><header><h2></h2></header><p class="caption"></p><dl class="pair"></dl></section>'
    script = "text_pair.js"
