"""Play, pause, step and speed for a finished run; while a run grows, its newest token moves the figures."""

from app.components.widget import Widget

SPEEDS = (2, 5, 10, 20)  # tokens a second


class Player(Widget):
    """Value: the routing of a text as app/views/player.py packs it, or None where there is nothing to play.

    It moves the token strip and every FigurePanel with a property `moves` by itself, in the browser: while it plays,
    and when another token or layer is picked (the property `layers` says which slider tells the layer). Events with
    `position` and `layer`: `settle` where the visitor came to rest, for what the server alone can draw; `look` where
    the browser cannot answer, for everything. `end`: a run that grew is whole. `save_click` asks for the run as a
    file, which comes back through the property `download` ({"name", "text", "serial"}).
    """

    markup = (
        '<div class="player" role="group" hidden>'
        '<button type="button" class="back">‹</button>'
        '<button type="button" class="play">▶</button>'
        '<button type="button" class="on">›</button>'
        '<input type="range" class="track" min="0" max="1" value="0" step="1">'
        '<span class="told"></span>'
        '<select class="speed">'
        + "".join(f'<option value="{speed}"{" selected" * (speed == 5)}>{speed}</option>' for speed in SPEEDS)
        + '</select><button type="button" class="save"></button></div>'
    )
    script = "player.js"

    def __init__(self, value=None, **properties):
        super().__init__(value=value, **{"download": None, "layers": None, **properties})
