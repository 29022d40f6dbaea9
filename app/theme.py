"""Every colour and font of the page and its figures, for light paper and dark.

It draws nothing. Figures are made in the light colours; in the dark the page swaps each for its partner in
DARK_OF_LIGHT, by exact spelling, so no two meanings share one spelling and no expert's colour is ever swapped.
"""

import numpy as np

FONT = ('Inter, "Noto Sans SC", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", '
        'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif')
FONT_SIZE = 12
CLEAR = "rgba(0,0,0,0)"

LIGHT = {
    "paper": "#fbfaf7", "panel": "#ffffff", "ink": "#1d2430", "mute": "#5f697d", "line": "#e6e2d9",
    "accent": "#1a1ae0", "chance": "#7f8a9e", "flip": "#d92d20", "faint": "#d0d5dd", "bar": "#5c6880",
}
DARK = {
    "paper": "#11151c", "panel": "#181e28", "ink": "#e8ebf0", "mute": "#9da7b8", "line": "#2a3240",
    "accent": "#7db2e8", "chance": "#7c879c", "flip": "#ff7a6e", "faint": "#3a4456", "bar": "#93a3bf",
}
INK, MUTE, LINE, PANEL = LIGHT["ink"], LIGHT["mute"], LIGHT["line"], LIGHT["panel"]
ACCENT, CHANCE, FLIP, FAINT = LIGHT["accent"], LIGHT["chance"], LIGHT["flip"], LIGHT["faint"]
BAR = LIGHT["bar"]  # a quantity that belongs to no expert

# Found by search: any two stay apart in normal sight and under the three kinds of colour blindness.
EXPERTS = ("#1414e6", "#7db2e6", "#6c377d", "#c34914", "#e6d426",
           "#8f1426", "#8fe6c3", "#6c7df7", "#c3a05a", "#8f6c8f")


def expert_colour(expert: int) -> str:
    """The hue that means this expert; from the eleventh on hues repeat, the printed number does not."""
    return EXPERTS[int(expert) % len(EXPERTS)]


def ink_on(colour: str) -> str:
    """Black or white, whichever reads better on `colour` (WCAG contrast)."""
    luminance = _luminance(colour)
    return "#000000" if (luminance + 0.05) ** 2 > 0.05 * 1.05 else "#fefefe"


def _luminance(colour: str) -> float:
    linear = [((part / 255 + 0.055) / 1.055) ** 2.4 if part > 10 else part / 255 / 12.92 for part in _rgb(colour)]
    return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def _rgb(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[at:at + 2], 16) for at in (1, 3, 5))


def _mix(start: str, end: str, share: float) -> str:
    mixed = (round(a + (b - a) * share) for a, b in zip(_rgb(start), _rgb(end), strict=True))
    return "#" + "".join(f"{part:02x}" for part in mixed)


def _scale(start: str, end: str, stops: dict[float, float]) -> list[list]:
    """A plotly colour scale that has gone the share stops[value] of the way from start to end at each value."""
    return [[value, _mix(start, end, share)] for value, share in stops.items()]


def ink_share(probability: float) -> float:
    """How far PROBABILITY_SCALE has gone from its lightest to its darkest colour."""
    return float(np.interp(probability, list(_INK_AT), list(_INK_AT.values())))


# Most probabilities are small: the first half of the ink is spent below 0.3, where a reader compares.
_INK_AT = {0.0: 0.0, 0.1: 0.17, 0.3: 0.46, 0.6: 0.76, 1.0: 1.0}
PROBABILITY_ENDS, DARK_PROBABILITY_ENDS = ("#f3f1ea", "#1b2a4a"), ("#1e2634", "#cfe0ff")
PROBABILITY_SCALE = _scale(*PROBABILITY_ENDS, _INK_AT)
_DARK_PROBABILITY_SCALE = _scale(*DARK_PROBABILITY_ENDS, _INK_AT)
_STRAIGHT = {0.0: 0.0, 1.0: 1.0}
DIVERGING_SCALE = [[0, "#2d6fb8"], [0.25, "#9dbfe0"], [0.5, "#f4f2eb"], [0.75, "#e9b182"], [1, "#bd560d"]]
_DARK_DIVERGING_SCALE = [[0, "#6fb0f5"], [0.25, "#3c5e86"], [0.5, "#1f2735"], [0.75, "#7f5634"], [1, "#f09a4e"]]
FLIP_SCALE = [[0, "#efede6"], [0.0001, "#f2a39b"], [1, FLIP]]  # anything above 0 is a flip
_DARK_FLIP_SCALE = [[0, "#222a38"], [0.0001, "#94443f"], [1, DARK["flip"]]]

_SCALES = ((PROBABILITY_SCALE, _DARK_PROBABILITY_SCALE), (DIVERGING_SCALE, _DARK_DIVERGING_SCALE),
           (FLIP_SCALE, _DARK_FLIP_SCALE))
DARK_OF_LIGHT = {LIGHT[name]: DARK[name] for name in LIGHT} | {
    light[1]: dark[1] for one, other in _SCALES for light, dark in zip(one, other, strict=True)}

AXIS = {"automargin": True, "fixedrange": True, "showgrid": False, "zeroline": False, "showline": False, "ticks": "",
         "ticklabeloverflow": "allow",  # to ask of every label whether it sticks out took a third of a drawing's time
         "ticklabelstandoff": 5, "title": {"standoff": 8, "font": {"size": 11, "color": MUTE}},
         "tickfont": {"size": 11, "color": MUTE}}
TEMPLATE = {"layout": {
    "font": {"family": FONT, "size": FONT_SIZE, "color": INK},
    "paper_bgcolor": CLEAR, "plot_bgcolor": CLEAR, "showlegend": False, "dragmode": False, "hovermode": "closest",
    "hoverlabel": {"bgcolor": PANEL, "bordercolor": CHANCE, "font": {"family": FONT, "size": 12, "color": INK}},
    "xaxis": AXIS, "yaxis": {**AXIS, "tickangle": 0},  # to find an angle takes Plotly as long as all the rest
}}
