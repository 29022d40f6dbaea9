"""Light, dark, or as the reader's system says; remembered in the browser."""

from app.components.widget import Widget


class ThemeSwitch(Widget):
    """Value: the words "group", "auto", "light" and "dark" in the visitor's language."""

    markup = (
        '<div class="theme-switch" role="radiogroup">'
        '<button type="button" role="radio" data-theme="light">☀</button>'
        '<button type="button" role="radio" data-theme="auto">◐</button>'
        '<button type="button" role="radio" data-theme="dark">☾</button>'
        "</div>"
    )
    script = "theme_switch.js"
