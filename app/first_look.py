"""The first screen as it travels inside the page itself: seen before any script of gradio has run.

The same trace, words and colours as the page that takes its place; it draws and answers nothing.
"""

from functools import partial
from html import escape
from pathlib import Path

from app import look, theme
from app.session import Session
from app.views import prompt as views
from app.words import say

FOLDER = Path(__file__).parent
SHEETS = [FOLDER / "look.css", FOLDER / "components" / "token_strip.css", FOLDER / "components" / "figure_panel.css",
          FOLDER / "first_look.css"]
TABS = ("prompt", "precision", "experts", "what_if", "budget", "device", "tasks", "training")


def first_look(session: Session) -> str:
    """HTML for the end of a page: masthead, prompt, token strip and gate heatmap of the session's trace."""
    speak = partial(say, session.language)
    strip = views.strip_value(session)
    tabs = "".join(f"<span>{escape(speak(f'tab.{name}'))}</span>" for name in TABS)
    styles = look.colours() + _shades() + "".join(sheet.read_text("utf-8") for sheet in SHEETS)
    script = (FOLDER / "first_look.js").read_text("utf-8")
    return (
        f'<div id="first-look" aria-hidden="true"><style>{styles}</style>'
        f'<div class="first-top"><div class="masthead"><h1>MoEscope</h1>'
        f'<p class="tagline">{escape(speak("page.tagline"))}</p></div>'
        f'<p class="status busy">{escape(speak("page.opening"))}</p><div class="first-tabs">{tabs}</div></div>'
        f'<div class="sheet"><p class="first-prompt">{escape(session.trace.settings.get("prompt", ""))}</p>'
        f"{_strip(strip)}</div>{_gates(session, strip)}<script>{{{script}}}</script></div>")


def _shades() -> str:
    ends = {"#first-look": theme.PROBABILITY_ENDS, "#first-look.dark": theme.DARK_PROBABILITY_ENDS}
    shades = (f"{where}{{--none:{lightest};--full:{darkest}}}" for where, (lightest, darkest) in ends.items())
    return "".join([f"#first-look{{--first-font:{theme.FONT}}}", *shades])


def _strip(value: dict) -> str:
    tokens = "".join(_token(token, at == value["selected"]) for at, token in enumerate(value["tokens"]))
    keys = "".join(f'<span><i style="{_hue(expert)}"></i>E{expert}</span>' for expert in range(value["experts"]))
    first, *rest = (f"<li>{escape(line)}</li>" for line in value["legend"])
    return (f'<div class="strip">{tokens}</div>'
            f'<ul class="strip-legend">{first}<li class="keys">{keys}</li>{"".join(rest)}</ul>')


def _token(token: dict, selected: bool) -> str:
    flags = [flag for flag in ("generated", "hesitates", "joined") if token[flag]]
    flags = " ".join([*flags, "selected"] if selected else flags)
    return (f'<span class="token {flags}" style="{_hue(token["expert"])}"><span>{escape(token["label"])}</span>'
            f'<small>E{token["expert"]}</small></span>')


def _gates(session: Session, strip: dict) -> str:
    """The heatmap as rows of cells, as high as app/figures/prompt.py makes them."""
    trace, value = session.trace, views.panel_value("gates", session)
    if trace.probabilities is None:
        return ""
    chosen = trace.expert_ids[session.layer].tolist()
    rows = [_row(token["label"], probabilities, best) for token, probabilities, best
            in zip(strip["tokens"], trace.probabilities[session.layer].tolist(), chosen, strict=True)]
    heads = "".join(f"<i>E{expert}</i>" for expert in range(trace.experts))
    return (f'<div class="panel"><header><h2>{escape(value["title"])}</h2>'
            f'<span class="badge">{escape(value["badge"])}</span></header>'
            f'<p class="caption">{escape(value["caption"])}</p>'
            f'<div class="first-gates" style="--experts:{trace.experts};--rows:{len(rows)}">'
            f'<b></b>{heads}{"".join(rows)}</div></div>')


def _row(label: str, probabilities: list[float], chosen: list[int]) -> str:
    cells = "".join(f'<i class="{"chosen" if expert in chosen else ""}" '
                    f'style="--ink-share:{theme.ink_share(probability):.3f};{_hue(expert)}"></i>'
                    for expert, probability in enumerate(probabilities))
    return f"<b>{escape(label)}</b>{cells}"


def _hue(expert: int) -> str:
    return f"--expert:{theme.expert_colour(expert)}"
