"""The tokens of a text in one line that wraps, each underlined in the colour of its expert."""

from app.components.widget import Widget


class TokenStrip(Widget):
    """Value: tokens (label, expert, state flags, aria text), the selected position, words for the screen reader.

    Event `token_click` carries `position`. With the property `moves` the strip tells the Player of its page instead,
    and follows it; the arrow keys then select as they move.
    """

    markup = (
        '<div class="strip" role="group"></div>'
        '<ul class="strip-legend"></ul>'
        '<div class="unseen" role="status" aria-live="polite"></div>'
    )
    script = "token_strip.js"

    def __init__(self, value=None, **properties):
        super().__init__(value=value, **{"moves": False, **properties})
