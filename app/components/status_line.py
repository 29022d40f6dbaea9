"""One line under the prompt: what is happening, or why nothing is."""

from app.components.widget import Widget


class StatusLine(Widget):
    """Value: kind (quiet, busy, done, problem), text, and the link that restores what is on the screen."""

    markup = '<p class="status" role="status" aria-live="polite"></p>'
    script = "status_line.js"
