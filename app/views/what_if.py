"""What the tab *What if* shows of a session's outcome and reason: both texts, numbers, the strip, and panels."""

from functools import partial

import numpy as np
import pandas as pd

from app.figures import what_if as figures
from app.session import Session
from app.trying import subject
from app.views import what_if_dropped as drops
from app.views.panel import Picture, figure_words, panel, percent
from app.views.strip import HESITATES_BELOW, strip
from app.words import say
from moe_core.statistics.intervals import paired_bootstrap
from moe_core.tables import margins
from moe_core.tracing.trace import RoutingTrace

PANELS = ("next", "loss", "dropped", "why")
NUMBERS = ("before", "after", "rise", "divergence", "parting")


def strip_value(session: Session) -> dict:
    """The tokens of the text and of what the model as it is wrote after it."""
    plain = strip(subject(session), session.asking.layer, session.asking.position, session.language)
    return drops.mark(plain, session)


def growing_texts(session: Session, prompt: str, traces: list[RoutingTrace], decode) -> dict:
    """Both continuations as far as they have come, marked from the first token that differs."""
    speak = partial(say, session.language)
    written = [_written(trace) for trace in traces]
    parting = _parting(*written) if len(written) == 2 else None
    rows = [_row(speak(f"what_if.row.{name}"), prompt, ids, parting, decode)
            for name, ids in zip(("before", "after"), written, strict=False)]
    return {"title": speak("what_if.texts.title"), "caption": _caption(traces, parting, speak), "rows": rows}


def texts_value(session: Session, decode) -> dict:
    """Both finished continuations; empty while there are none."""
    outcome = session.asking.outcome
    if outcome is None:
        return {}
    return growing_texts(session, outcome.before.settings["prompt"], [outcome.before, outcome.after], decode)


def numbers_value(session: Session) -> list[dict]:
    """Loss before and after, its rise with interval, how far the next prediction moved, where the texts part."""
    if session.asking.outcome is None:
        return []
    facts, speak = _facts(session), partial(say, session.language)
    names = (*NUMBERS, "dropped") if drops.has_capacity(session) else NUMBERS
    return [{"name": speak(f"what_if.number.{name}"), "value": facts[name],
             "note": speak(f"what_if.number.{name}.note", **facts)} for name in names]


def done_line(session: Session) -> str:
    """What was run, and that it was nothing new when no dial was turned."""
    outcome = session.asking.outcome
    key = "what_if.done" if outcome.after.settings["what_if"] else "what_if.done.unchanged"
    return say(session.language, key, n=outcome.losses.shape[1])


def panel_value(name: str, session: Session) -> dict:
    """One panel of this tab, drawn anew; empty while there is nothing to draw."""
    asking = session.asking
    if (asking.reason if name == "why" else asking.outcome) is None:
        return {}
    if name == "dropped" and not drops.has_capacity(session):
        return {}
    return panel(f"what_if.{name}", DRAWERS[name], session,
                 say(session.language, "badge.measured", format="fp32", device="CPU"))


def following(session: Session) -> Picture:
    """What may follow the text, before and after the change."""
    shift = session.asking.outcome.shift
    return Picture(figures.next_tokens(shift, labels=figure_labels(session)), shift,
                   _facts(session) | {"told": _told(shift)})


def loss(session: Session) -> Picture:
    """How much harder each token of the text became."""
    outcome = session.asking.outcome
    labels = [piece.label for piece in outcome.before.pieces[1:outcome.prompt_tokens]]
    table = pd.DataFrame({"position": np.arange(1, len(labels) + 1), "token": labels,
                          "before": outcome.losses[0], "after": outcome.losses[1]})
    facts = _facts(session) | {"harder": int((table["after"] > table["before"]).sum())}
    return Picture(figures.loss_rise(table, labels=figure_labels(session)), table, facts)


def why(session: Session) -> Picture:
    """Why the selected token met these experts, and what the runner-up would have changed."""
    reason, trace = session.asking.reason, subject(session)
    found = reason.why
    label = trace.pieces[found.position].label
    facts = {"sureness": _sureness(session),
             "token": label.strip() or label, "layer": trace.layers[found.layer], "position": found.position,
             "chosen": " + ".join(f"E{expert}" for expert in found.chosen), "runner": found.runner_up,
             "margin": f"{found.margin:.3f}", "nudge": f"{found.nudge:.7g}", "last": found.chosen[-1],
             "first": found.chosen[0], "shown": len(reason.shift), "told": _told(reason.shift)}
    words = figure_labels(session) | {"after": say(session.language, "what_if.figure.swapped")}
    return Picture(figures.next_tokens(reason.shift, labels=words), reason.shift, facts)


def dropped(session: Session) -> Picture:
    """Which tokens full experts refused, and what that costs."""
    picture = drops.dropped(session, figure_labels(session))
    return picture._replace(facts=_facts(session) | picture.facts)


def _sureness(session: Session) -> str:
    """Whether the router was sure of this token, beside the other tokens of the text in the same layer."""
    found = session.asking.reason.why
    others = np.delete(margins(subject(session))[found.layer], found.position)
    below = int((others < found.margin).sum())
    key = "hesitates" if found.margin < HESITATES_BELOW else "sure" if 2 * below >= others.size else "middling"
    return say(session.language, f"what_if.why.{key}", margin=f"{found.margin:.3f}", below=below, others=others.size,
               limit=HESITATES_BELOW)


DRAWERS = {"next": following, "loss": loss, "dropped": dropped, "why": why}


def figure_labels(session: Session) -> dict[str, str]:
    """The words inside this tab's figures."""
    own = {key: say(session.language, f"what_if.figure.{key}") for key in figures.OWN}
    return figure_words(session.language) | own


def _facts(session: Session) -> dict:
    outcome = session.asking.outcome
    written = [_written(outcome.before), _written(outcome.after)]
    parting, speak = _parting(*written), partial(say, session.language)
    likeliest = {f"top_{name}": outcome.shift.loc[outcome.shift[name].idxmax(), "token"].strip()
                 for name in ("before", "after")}
    told = drops.dropped_facts(session) if drops.has_capacity(session) else {}
    told["dropped"] = told.get("refused_share", "")
    return {**told, **_losses(*outcome.losses), **likeliest, "divergence": _small(outcome.divergence),
            "shown": len(outcome.shift), "new": max(map(len, written)),
            "parting": speak("number.parting.never") if parting is None
            else speak("number.parting.step", step=parting + 1)}


def _losses(before: np.ndarray, after: np.ndarray) -> dict:
    """Means and the 95 % interval of their difference; dashes for a text of one token."""
    if not before.size:
        return dict.fromkeys(("before", "after", "rise", "low", "high"), "–") | {"n": 0}
    rise = paired_bootstrap(before, after, seed=0)
    return {"before": f"{before.mean():.3f}", "after": f"{after.mean():.3f}", "rise": f"{rise.value:+.3f}",
            "low": f"{rise.low:+.3f}", "high": f"{rise.high:+.3f}", "n": before.size}


def _written(trace: RoutingTrace) -> list[int]:
    return trace.token_ids[trace.phase.count("prompt"):].tolist()


def _parting(one: list[int], other: list[int]) -> int | None:
    """The first place at which two continuations differ, None when they are the same."""
    if one == other:
        return None
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _row(name: str, prompt: str, ids: list[int], parting: int | None, decode) -> dict:
    same = decode(ids if parting is None else ids[:parting])
    return {"name": name, "prompt": prompt, "same": same, "different": decode(ids)[len(same):]}


def _caption(traces: list[RoutingTrace], parting: int | None, speak) -> str:
    settings = traces[0].settings
    drawn = speak("what_if.sampled", seed=settings["seed"], temperature=f"{settings['temperature']:g}")
    sampling = drawn if settings["temperature"] else speak("what_if.greedy")
    if len(traces) < 2:
        return speak("what_if.texts.caption.growing", sampling=sampling)
    key = "what_if.texts.caption.same" if parting is None else "what_if.texts.caption"
    return speak(key, step=(parting or 0) + 1, sampling=sampling)


def _told(shift: pd.DataFrame) -> str:
    return ", ".join(f"{row.token} {percent(row.before)} → {percent(row.after)}" for row in shift.itertuples())


def _small(number: float) -> str:
    if np.isinf(number):
        return "∞"
    return f"{number:.2g}" if number >= 0.001 or number == 0 else "< 0.001"
