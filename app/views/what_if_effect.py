"""What the tab *What if* shows of the effect of every expert: its map, and usage against importance."""

from functools import cache, lru_cache, partial
from pathlib import Path

import numpy as np
import pandas as pd

from app import shipped
from app.asking import CHOSEN, Measured
from app.figures import what_if as figures
from app.session import Session
from app.views.panel import Picture, panel
from app.views.what_if import figure_labels
from app.words import say
from moe_core.interventions import recording
from moe_core.statistics.correlation import rank_correlation
from moe_core.statistics.intervals import Interval

EFFECT = shipped.TRACES / "effect.json"
MOST_TOLD = 3       # experts named in a caption
LONGEST_QUOTE = 24  # characters of the visitor's text in a sentence


@cache
def recorded(path: Path = EFFECT) -> Measured | None:
    """The shipped recording, or None when there is none that can be read."""
    try:
        return Measured(*recording.load(path), recorded=True)
    except recording.RecordingError:
        return None


def is_live(session: Session) -> bool:
    """Whether the visitor's own measurement is shown in place of the recording."""
    return session.asking.effect is not None and not session.asking.effect.recorded


def source_line(session: Session) -> str:
    """Where the effects come from, or that there are none yet."""
    effect = session.asking.effect
    if effect is None:
        return say(session.language, "what_if.effect.missing")
    return say(session.language, f"what_if.effect.{'recorded' if effect.recorded else 'live'}", **_facts(session))


def panel_value(name: str, session: Session) -> dict:
    """One panel of this part, drawn anew; empty while nothing is measured."""
    effect = session.asking.effect
    if effect is None:
        return {}
    return panel(f"what_if.{name}", DRAWERS[name], session, badge(session, effect.settings, effect.recorded))


def badge(session: Session, settings: dict, recorded: bool) -> str:
    """Measured or recorded, with format and device, of what a measurement says of itself."""
    return say(session.language, "what_if.badge.recorded" if recorded else "badge.measured",
               model=settings.get("model", ""), device=settings["device"],
               format={"float32": "fp32"}.get(settings["format"], settings["format"]))


def quote(text: str) -> str:
    """The beginning of the visitor's text, short enough to stand in a sentence."""
    return text if len(text) <= LONGEST_QUOTE else f"{text[:LONGEST_QUOTE]}…"


def effect_map(session: Session) -> Picture:
    """The rise of the loss without each expert, layer by layer."""
    table = effect_table(session)
    worst = table.loc[table["delta_nats"].fillna(-np.inf).idxmax()]
    facts = _facts(session, answer=_answer(session, table), cells=len(table),
                   sure=int(figures.beyond_control(table).sum()),
                   worst=int(worst["expert"]), worst_layer=int(worst["layer"]),
                   worst_rise=f"{worst['delta_nats']:+.3f}")
    return Picture(figures.effect_map(table, labels=figure_labels(session)), table, facts)


def _answer(session: Session, table: pd.DataFrame) -> str:
    """The experts that are surely missed most, in words, at most three."""
    speak = partial(say, session.language)
    missed = table[table["low"] > table["control_high"]].nlargest(MOST_TOLD, "delta_nats")
    if missed.empty:
        return speak("what_if.effect.nobody")
    names = ("low", "high", "control_low", "control_high")
    told = [speak("what_if.effect.one", expert=row["expert"], layer=row["layer"], rise=f"{row['delta_nats']:+.2f}",
                  **{name: f"{row[name]:+.2f}" for name in names}) for row in missed.to_dict("records")]
    return speak("what_if.effect.worst", told=speak("experts.likes.separator").join(told))


def scatter(session: Session) -> Picture:
    """Usage against importance of every expert."""
    table = effect_table(session)
    found = _correlation(tuple(table["usage"]), tuple(table["delta_nats"]))
    told = {name: "–" if np.isnan(value) else f"{value:+.2f}" for name, value in found._asdict().items()}
    facts = _facts(session, cells=int(table["delta_nats"].notna().sum()), correlation=told["value"],
                   low=told["low"], high=told["high"])
    return Picture(figures.usage_against_importance(table, labels=figure_labels(session)), table, facts)


@lru_cache(maxsize=64)
def _correlation(usage: tuple[float, ...], importance: tuple[float, ...]) -> Interval:
    """Two thousand resamples take a third of a second: the same numbers need them once."""
    return rank_correlation(usage, importance)


DRAWERS = {"map": effect_map, "scatter": scatter}


def effect_table(session: Session) -> pd.DataFrame:
    """The effects in the visitor's scope, with `usage`: the part of the tokens that chose the expert."""
    effect, scope = session.asking.effect, session.asking.scope
    chosen = effect.table[effect.table["scope"] == CHOSEN].set_index(["layer", "expert"])["n"]
    table = effect.table[effect.table["scope"] == scope].drop(columns="scope").reset_index(drop=True)
    usage = chosen.reindex(pd.MultiIndex.from_frame(table[["layer", "expert"]])).to_numpy()
    return table.assign(usage=usage / effect.settings["tokens"])


def _facts(session: Session, **more) -> dict:
    settings, language = session.asking.effect.settings, session.language
    return {"n": settings["tokens"], "texts": settings["texts"], "model": settings.get("model", ""),
            "text": quote(str(settings["text"])),
            "loss": f"{settings['loss']:.3f}", "unit": say(language, f"what_if.unit.{settings['resampled']}"),
            "scope": say(language, f"what_if.scope.{session.asking.scope}.short"), **more}
