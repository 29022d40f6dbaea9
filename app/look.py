"""How the page looks inside gradio: its theme, its style sheets and what goes into the page's head.

Colours come from app/theme.py; this file only turns them into what gradio and CSS understand.
"""

import json
from pathlib import Path

import gradio as gr

from app import components, theme
from app.figures.prompt import THINNEST_LINK

ROOT = Path(__file__).resolve().parents[1]
PLOTLY = ROOT / "assets" / "vendor" / "plotly-cartesian-4.1.1.min.js"
PLOTLY_ADDRESS = f"gradio_api/file={PLOTLY.relative_to(ROOT).as_posix()}"
STYLE_SHEETS = [Path(__file__).with_name("look.css"), *sorted((Path(__file__).parent / "components").glob("*.css"))]
SHARED = [Path(__file__).parent / "components" / name
          for name in ("moving.js", "painting.js", "panel_parts.js", "telling.js")]

PATHS = {"en": "", "zh": "zh"}  # where the page stands in each language, below the page's own address


def head() -> str:
    """Colours as CSS variables, what widgets share, and the plotting library from our own server."""
    script = (f'<script src="{PLOTLY_ADDRESS}" defer '
              "onload=\"window.dispatchEvent(new Event('plotly-ready'))\"></script>")
    return f"<style>{colours()}</style><script>{{{_shared()}}}</script>{script}"


def colours() -> str:
    """The colours of light paper and of dark, as CSS variables."""
    return f":root{{{_variables(theme.LIGHT)}{_experts()}}} .dark{{{_variables(theme.DARK)}}}"


def _shared() -> str:
    """The scripts of the widgets, after what they share: colours and sizes are app/figures/prompt.py's too."""
    known = {"EXPERTS": theme.EXPERTS, "INKS": [theme.ink_on(colour) for colour in theme.EXPERTS],
             "INK": theme.INK, "THINNEST_LINK": THINNEST_LINK}
    constants = "".join(f"const {name} = {json.dumps(value)};\n" for name, value in known.items())
    shared = "".join(script.read_text("utf-8") for script in SHARED)
    return constants + shared + "".join(widget.in_the_head() for widget in components.WIDGETS)


def gradio_theme() -> gr.themes.Base:
    """gradio's own inputs in our paper, ink and accent."""
    made = gr.themes.Base(font=[gr.themes.Font(name.strip(' "')) for name in theme.FONT.split(",")],
                          font_mono=["ui-monospace", "monospace"],
                          radius_size=gr.themes.sizes.radius_lg)
    both = {name: value for key, value in _GRADIO.items() for name in (key, f"{key}_dark")}
    return made.set(color_accent="var(--accent)", **both)


# One value for light and dark: the variables themselves change.
_GRADIO = {
    "body_background_fill": "var(--paper)", "body_text_color": "var(--ink)", "body_text_color_subdued": "var(--mute)",
    "background_fill_primary": "var(--panel)", "background_fill_secondary": "var(--paper)",
    "block_background_fill": "transparent", "block_border_color": "transparent", "block_shadow": "none",
    "block_label_text_color": "var(--mute)", "block_title_text_color": "var(--mute)",
    "block_info_text_color": "var(--mute)", "block_label_background_fill": "transparent",
    "border_color_primary": "var(--line)", "border_color_accent": "var(--accent)",
    "input_background_fill": "var(--paper)", "input_border_color": "var(--line)",
    "input_border_color_focus": "var(--accent)", "input_placeholder_color": "var(--mute)", "input_shadow": "none",
    "button_primary_background_fill": "var(--accent)", "button_primary_background_fill_hover": "var(--accent)",
    "button_primary_text_color": "var(--on-accent)", "button_primary_border_color": "var(--accent)",
    "button_secondary_background_fill": "var(--panel)", "button_secondary_background_fill_hover": "var(--paper)",
    "button_secondary_text_color": "var(--ink)", "button_secondary_border_color": "var(--line)",
    "checkbox_background_color": "var(--panel)", "checkbox_background_color_selected": "var(--accent)",
    "checkbox_border_color": "var(--mute)", "checkbox_border_color_selected": "var(--accent)",
    "checkbox_label_background_fill": "transparent", "checkbox_label_text_color": "var(--ink)",
    "slider_color": "var(--accent)", "color_accent_soft": "var(--paper)",
    "link_text_color": "var(--accent)", "link_text_color_hover": "var(--accent)",
    "link_text_color_active": "var(--accent)", "link_text_color_visited": "var(--accent)",
}


def _variables(colours: dict[str, str]) -> str:
    on_accent = theme.ink_on(colours["accent"])
    return "".join(f"--{name}:{colour};" for name, colour in {**colours, "on-accent": on_accent}.items())


def _experts() -> str:
    return "".join(f"--expert-{number}:{colour};" for number, colour in enumerate(theme.EXPERTS))
