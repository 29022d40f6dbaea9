"""How the routing settled during training, from the recorded snapshots, or that none are shipped."""

import os
from functools import lru_cache, partial
from pathlib import Path

from app import shipped
from app.figures import experts_training as figures
from app.session import Session
from app.views.panel import Picture, figure_words, panel, percent
from app.words import say
from moe_core.tracing import settling as recorded
from moe_core.tracing.corpus import CorpusError
from moe_core.tracing.settling import Settling

RECORDING = Path(os.environ.get("MOESCOPE_TRAINING", shipped.TRACES / "training.json"))


def found() -> Settling | None:
    """The shipped recording; None when there is none that can be read."""
    return read(RECORDING)


def read(path: Path) -> Settling | None:
    """A recording, read anew when its file changes; None when there is none that can be read."""
    return _load(path, path.stat().st_mtime_ns) if path.is_file() else None


def panel_value(session: Session) -> dict:
    """The panel; one line where nothing is recorded."""
    if session.observing.evidence is None:
        return {}
    recording = found()
    if recording is None:
        return {"title": say(session.language, "experts.settling.missing.title"),
                "caption": say(session.language, "experts.settling.missing")}
    badge = say(session.language, "experts.badge.recorded", model=recording.settings["model"])
    return panel("experts.settling", settling, session, badge)


def settling(session: Session) -> Picture:
    """How much of each token's experts was final, snapshot by snapshot."""
    recording = found()
    table, settings = recording.saturation, recording.settings
    first, last = (table[table["step"] == step] for step in (table["step"].min(), table["step"].max()))
    half = table[table["share"] >= 0.5].groupby("layer")["step"].min()
    facts = {"n": settings["tokens"], "texts": settings["texts"], "steps": len(settings["steps"]),
             "chance": percent(table["chance"].iloc[0]), "first": f"{int(first['step'].iloc[0]):,}",
             "last": f"{int(last['step'].iloc[0]):,}", "first_share": percent(first["share"].mean()),
             "last_share": percent(last["share"].mean()), "model": settings["model"],
             "half": ", ".join(f"L{layer} {step:,}" for layer, step in half.items()) or "–"}
    return Picture(figures.settling(table, labels=_words(session)), table, facts)


def _words(session: Session) -> dict[str, str]:
    speak = partial(say, session.language)
    return figure_words(session.language) | {key: speak(f"experts.figure.{key}") for key in figures.OWN}


@lru_cache(maxsize=4)
def _load(path: Path, changed: int) -> Settling | None:
    try:
        return recorded.load(path)
    except CorpusError:
        return None
