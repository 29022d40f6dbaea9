"""What the tab *What if* shows of dropped tokens: which slots full experts refused, where, and how many."""

import math

import pandas as pd

from app.figures import what_if as figures
from app.session import Session
from app.views.panel import Picture, percent
from app.words import say


def has_capacity(session: Session) -> bool:
    """Whether the outcome was measured with a capacity, so that tokens may have dropped."""
    outcome = session.asking.outcome
    return outcome is not None and outcome.dials.capacity is not None


def dropped_table(session: Session) -> pd.DataFrame:
    """One row per limited layer and token of the text: layer, position, token, slots, refused, experts."""
    outcome = session.asking.outcome
    refused: dict[tuple[int, int], list[str]] = {}
    for layer, position, expert in outcome.dropped:
        refused.setdefault((layer, position), []).append(f"E{expert}")
    pieces = outcome.before.pieces[:outcome.prompt_tokens]
    rows = [(layer, position, piece.label, outcome.dials.k, len(refused.get((layer, position), ())),
             " ".join(refused.get((layer, position), ())))
            for layer in outcome.dials.layers for position, piece in enumerate(pieces)]
    return pd.DataFrame(rows, columns=["layer", "position", "token", "slots", "refused", "experts"])


def dropped(session: Session, labels: dict[str, str]) -> Picture:
    """Which tokens were refused by full experts, layer by layer."""
    table = dropped_table(session)
    return Picture(figures.dropped_tokens(table, labels=labels), table, dropped_facts(session))


def dropped_facts(session: Session) -> dict:
    """How many slots were refused, in the first and in the second half of the text, and how many tokens lost all."""
    table = dropped_table(session)
    early = table["position"] < table["position"].nunique() / 2
    return {"factor": f"{session.asking.outcome.dials.capacity:g}", "refused": int(table["refused"].sum()),
            "slots": int(table["slots"].sum()), "refused_share": percent(_share(table)),
            "early": percent(_share(table[early])), "late": percent(_share(table[~early])),
            "bare": int((table["refused"] == table["slots"]).sum()), "places": len(table),
            "tokens": table["position"].nunique(), "limited": table["layer"].nunique(),
            "room": _room(session)}


def mark(strip: dict, session: Session) -> dict:
    """The strip with the tokens outlined that the shown layer dropped."""
    if not has_capacity(session):
        return strip
    gone: dict[int, str] = {}
    for layer, position, expert in session.asking.outcome.dropped:
        if layer == session.asking.layer:
            gone[position] = f"{gone[position]} + E{expert}" if position in gone else f"E{expert}"
    tokens = [token | {"flipped": True, "spoken": f"{token['spoken']}; "
                       f"{say(session.language, 'what_if.strip.dropped', experts=gone[position])}"}
              if position in gone else token for position, token in enumerate(strip["tokens"])]
    legend = say(session.language, "what_if.strip.legend.dropped", count=len(gone.keys() - {-1}))
    return strip | {"tokens": tokens, "legend": [*strip["legend"], legend]}


def _share(table: pd.DataFrame) -> float:
    return float(table["refused"].sum() / max(table["slots"].sum(), 1))


def _room(session: Session) -> int:
    """Slots of one expert in one layer: END is read with the text."""
    outcome = session.asking.outcome
    rows = outcome.prompt_tokens + 1
    return math.ceil(outcome.dials.capacity * rows * outcome.dials.k / outcome.before.experts - 1e-9)
