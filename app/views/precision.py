"""What the tab *Precision* shows of a comparison: numbers, the selected token, its strip and its panels."""

from functools import partial

import numpy as np

from app.figures import precision as figures
from app.session import Session
from app.views.panel import Picture, figure_words, panel, percent
from app.views.strip import strip
from app.words import say
from moe_core.precision.comparison import Comparison, outputs_table
from moe_core.statistics.agreement import agreement_table, flip_table
from moe_core.tracing.trace import RoutingTrace

PANELS = ("kl", "difference", "flips", "map", "scatter")
FAINTEST, STRONGEST = -7, -1  # powers of ten of KL between which the strip's tint grows


def strip_value(session: Session) -> dict:
    """The reference's tokens; red where the set of experts changed, tinted by KL."""
    comparison, language = session.comparison, session.language
    if comparison is None:
        return {"tokens": []}
    value = strip(comparison.reference, session.compared_layer, session.compared_position, language)
    flips = comparison.flips[session.compared_layer]
    for token, flipped, tint in zip(value["tokens"], flips, _tints(comparison.kl), strict=True):
        token |= {"flipped": bool(flipped), "tint": round(float(tint), 3), "generated": True}
        if flipped:
            token["spoken"] += f"; {say(language, 'strip.flipped')}"
    return {**value, "tinted": True, "legend": [*value["legend"][:2], say(language, "strip.legend.flip")]}


def numbers_value(session: Session) -> list[dict]:
    """The headline numbers of a comparison."""
    comparison = session.comparison
    if comparison is None:
        return []
    speak = partial(say, session.language)
    told = {
        "mean_kl": small(comparison.mean_kl),
        "difference": small(comparison.max_abs_logit_difference_overall),
        "agreement": percent(comparison.top1_agreement),
        "flips": percent(comparison.any_flip_rate),
        "parting": _parting(comparison, speak),
    }
    facts = _facts(session)
    return [{"name": speak(f"number.{name}", **facts), "value": value, "note": speak(f"number.{name}.note", **facts)}
            for name, value in told.items()]


def texts_value(session: Session, decode) -> dict:
    """Both greedy continuations, marked from the first token that differs."""
    comparison, speak = session.comparison, partial(say, session.language)
    if comparison is None:
        return {"rows": []}
    facts = _facts(session)
    rows = [_row(name, ids, comparison, decode) for name, ids in
            (("fp32", comparison.greedy_reference), (comparison.settings["format"], comparison.greedy_other))]
    caption = "texts.caption.same" if comparison.first_divergence is None else "texts.caption"
    return {"title": speak("texts.title"), "caption": speak(caption, **facts), "rows": rows}


def detail_value(session: Session) -> dict:
    """One line about the selected token: its KL, what each format expects next, how its route changed."""
    comparison = session.comparison
    if comparison is None:
        return {}
    row = outputs_table(comparison).iloc[session.compared_position]
    experts = [_experts(trace, session) for trace in (comparison.reference, comparison.other)]
    key = "detail.same" if experts[0] == experts[1] else "detail.flipped"
    layer = comparison.reference.layers[session.compared_layer]
    route = say(session.language, key, layer=layer, a=experts[0], b=experts[1])
    text = say(session.language, "detail.token", token=row["token"].strip(), position=session.compared_position,
               kl=small(row["kl"]), top_a=row["top_a"], top_b=row["top_b"], route=route,
               format=comparison.settings["format"])
    return {"kind": "quiet", "text": text}


def panel_value(name: str, session: Session) -> dict:
    """One panel of this tab, drawn anew."""
    if session.comparison is None:
        return {}
    settings = session.comparison.settings
    badge = say(session.language, "badge.compared", format=settings["format"], device=settings["device"],
                engine=say(session.language, f"engine.{settings['engine']}.short"))
    return panel(name, DRAWERS[name], session, badge)


def kl(session: Session) -> Picture:
    """KL of the next-token distributions, token by token."""
    table = outputs_table(session.comparison)
    changed = int((table["top_a"] != table["top_b"]).sum())
    worst = table.iloc[int(table["kl"].to_numpy().argmax())]
    return Picture(figures.kl_per_token(table, labels=_words(session)), table,
                   _facts(session, changed=changed, worst=worst["token"], worst_kl=small(worst["kl"])))


def difference(session: Session) -> Picture:
    """The largest |Δ logit|, token by token."""
    table = outputs_table(session.comparison)
    worst = table.iloc[int(table["max_abs_logit_difference"].to_numpy().argmax())]
    return Picture(figures.logit_difference(table, labels=_words(session)), table,
                   _facts(session, worst=worst["token"], worst_difference=small(worst["max_abs_logit_difference"])))


def flips(session: Session) -> Picture:
    """Share of flipped tokens in each layer."""
    table = flip_table(_agreement(session))
    told = ", ".join(f"L{row.layer} {row.flips}" for row in table.itertuples())
    return Picture(figures.flips_per_layer(table, labels=_words(session)), table, _facts(session, told=told))


def flip_map(session: Session) -> Picture:
    """Which tokens flipped in which layers."""
    table = _agreement(session)
    return Picture(figures.flip_map(table, labels=_words(session)), table,
                   _facts(session, flips=int((~table["same_choice"]).sum()), decisions=len(table)))


def scatter(session: Session) -> Picture:
    """Margin against logit error of every routing decision."""
    table = _agreement(session)
    return Picture(figures.margin_against_flip(table, labels=_words(session)), table,
                   _facts(session, flips=int((~table["same_choice"]).sum()), decisions=len(table)))


DRAWERS = {"kl": kl, "difference": difference, "flips": flips, "map": flip_map, "scatter": scatter}


def _agreement(session: Session):
    return agreement_table(session.comparison.reference, session.comparison.other)


def _words(session: Session) -> dict[str, str]:
    return figure_words(session.language)


def _facts(session: Session, **more) -> dict:
    comparison = session.comparison
    return {"n": len(comparison.kl), "format": comparison.settings["format"], "new": comparison.settings["new_tokens"],
            "layers": len(comparison.reference.layers), "k": comparison.reference.experts_per_token,
            "step": (comparison.first_divergence or 0) + 1, **more}


def _experts(trace: RoutingTrace, session: Session) -> str:
    chosen = trace.expert_ids[session.compared_layer, session.compared_position]
    return " + ".join(f"E{expert}" for expert in sorted(chosen.tolist()))


def _row(name: str, ids: tuple, comparison: Comparison, decode) -> dict:
    parting = len(ids) if comparison.first_divergence is None else comparison.first_divergence
    prompt, same = comparison.settings["start"], decode(ids[:parting])
    return {"name": name, "prompt": prompt, "same": same, "different": decode(ids)[len(same):]}


def _parting(comparison: Comparison, speak) -> str:
    step = comparison.first_divergence
    return speak("number.parting.never") if step is None else speak("number.parting.step", step=step + 1)


def _tints(kl: np.ndarray) -> np.ndarray:
    """0 at 10^FAINTEST and below, 1 at 10^STRONGEST and above, even steps of powers of ten between."""
    with np.errstate(divide="ignore"):
        powers = np.log10(np.minimum(kl, 1))
    return np.clip((powers - FAINTEST) / (STRONGEST - FAINTEST), 0, 1)


def small(number: float) -> str:
    """Two significant digits with the power of ten written out; ∞ where a format overflowed."""
    if not np.isfinite(number):
        return "∞"
    if number == 0 or 0.01 <= abs(number) < 1000:
        return f"{number:.2g}" if abs(number) < 100 else f"{number:.0f}"
    digits, power = f"{number:.1e}".split("e")
    return f"{digits} × 10{str(int(power)).translate(SUPERSCRIPTS)}"


SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
