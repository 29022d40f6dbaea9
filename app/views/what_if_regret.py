"""What the tab *What if* shows of the choice by performance: regret, agreement with the router, and both loads."""

from functools import cache, partial
from pathlib import Path

from app import shipped
from app.asking import Judged
from app.figures import what_if_regret as figures
from app.session import Session
from app.views.panel import Picture, figure_words, panel, percent
from app.views.what_if_effect import badge, quote
from app.words import say
from moe_core.interventions import hindsight
from moe_core.interventions.recording import RecordingError

REGRET = shipped.TRACES / "regret.json"


@cache
def recorded(path: Path = REGRET) -> Judged | None:
    """The shipped recording, or None when there is none that can be read."""
    try:
        return Judged(hindsight.load(path), recorded=True)
    except RecordingError:
        return None


def is_live(session: Session) -> bool:
    """Whether the visitor's own measurement is shown in place of the recording."""
    return session.asking.regret is not None and not session.asking.regret.recorded


def source_line(session: Session) -> str:
    """Where the regrets come from, or that there are none yet."""
    judged = session.asking.regret
    if judged is None:
        return say(session.language, "what_if.regret.missing")
    return say(session.language, f"what_if.regret.{'recorded' if judged.recorded else 'live'}", **_facts(session))


def panel_value(name: str, session: Session) -> dict:
    """One panel of this part, drawn anew; empty while nothing is measured."""
    judged = session.asking.regret
    if judged is None:
        return {}
    return panel(f"what_if.{name}", DRAWERS[name], session, badge(session, judged.found.settings, judged.recorded))


def regret(session: Session) -> Picture:
    """By how much the best set would have lowered the loss."""
    table = session.asking.regret.found.layers
    told = _by_layer(session, lambda row: f"{row.regret:.2f}")
    worst = session.asking.regret.found.examples
    worst = worst.loc[worst["regret"].idxmax()]
    facts = _facts(session, told=told, better=percent(table["better_share"].mean()),
                   beaten=percent(table["beaten"].mean()), token=str(worst["token"]).strip() or str(worst["token"]),
                   worst_layer=int(worst["layer"]), chosen=_experts(worst["chosen"]), best=_experts(worst["best"]),
                   worst_loss=f"{worst['loss']:.2f}", best_loss=f"{worst['best_loss']:.2f}",
                   sure=int((table["gain_low"] > 0).sum()), gains=_by_layer(session, lambda row: f"{row.gain:+.2f}"))
    return Picture(figures.regret(table, labels=_words(session)), table, facts)


def agreement(session: Session) -> Picture:
    """How often the router chose what hindsight would choose."""
    table = session.asking.regret.found.layers
    row = table.iloc[0]
    facts = _facts(session, chance=percent(row["agree_chance"]), common_chance=percent(row["common_chance"]),
                   sure=int((table["agree_low"] > table["agree_chance"]).sum()),
                   told=_by_layer(session, lambda row: f"{row.agree:.1%} ({row.agree_low:.1%} – {row.agree_high:.1%})"))
    return Picture(figures.agreement(table, labels=_words(session)), table, facts)


def loads(session: Session) -> Picture:
    """Where hindsight would send tokens more often than the router."""
    table = session.asking.regret.found.experts
    sure = table[(table["low"] > 0) | (table["high"] < 0)]
    most = table.loc[table["difference"].idxmax()]
    facts = _facts(session, cells=len(table), sure=len(sure), expert=int(most["expert"]), layer=int(most["layer"]),
                   learned=percent(most["learned"]), hindsight=percent(most["hindsight"]),
                   chance=percent(most["chance"]))
    return Picture(figures.loads(table, labels=_words(session)), table, facts)


DRAWERS = {"regret": regret, "agreement": agreement, "loads": loads}


def _facts(session: Session, **more) -> dict:
    found, language = session.asking.regret.found, session.language
    settings = found.settings
    return {"n": settings["tokens"], "texts": settings["texts"], "model": settings.get("model", ""),
            "text": quote(str(settings["text"])),
            "sets": settings["sets"], "others": settings["sets"] - 1, "k": settings["k"],
            "experts": settings["experts"], "layers": len(found.layers), "loss": f"{settings['loss']:.3f}",
            "mean": f"{found.layers['regret'].mean():.2f}",
            "unit": say(language, f"what_if.unit.{settings['resampled']}"), **more}


def _by_layer(session: Session, told) -> str:
    return ", ".join(f"L{row.layer} {told(row)}" for row in session.asking.regret.found.layers.itertuples())


def _experts(names: str) -> str:
    return " + ".join(f"E{expert}" for expert in str(names).split("+"))


def _words(session: Session) -> dict[str, str]:
    speak = partial(say, session.language)
    return figure_words(session.language) | {key: speak(f"what_if.figure.{key}") for key in figures.OWN}
