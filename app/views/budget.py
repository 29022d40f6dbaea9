"""What the tab *Where should the bits go?* shows of a search: numbers, the plan, its map, and what surrounds it."""

import json
import time

import numpy as np
import pandas as pd

from app import planning
from app.figures import budget as figures
from app.session import Session
from app.views.panel import Picture, figure_words, panel
from app.words import say
from moe_core.precision.search_found import CHOSEN, ILP, Found

PANELS = ("pareto", "bits", "load", "sensitivity", "damage")
NUMBERS = ("size", "smaller", "rise", "third", "flips")
KINDS = ("embedding", "attention", "router", "shared", "expert", "head")
MEGABYTE = 1e6


def first_found() -> Found | None:
    """What a visitor sees before any search of their own."""
    return planning.recorded()


def source_line(session: Session) -> dict:
    """Whose plan is shown, and on what it was measured."""
    found = session.budgeting.found
    if found is None:
        return {"text": say(session.language, "budget.missing")}
    key = "budget.source.recorded" if session.budgeting.recorded else "budget.source.own"
    return {"text": say(session.language, key, **_facts(session))}


def numbers_value(session: Session) -> list[dict]:
    """Size, how much smaller than fp32 and than the smallest uniform format, rise with interval, third split, flips."""
    if session.budgeting.found is None:
        return []
    facts = _facts(session)
    return [{"name": say(session.language, f"budget.number.{name}"), "value": facts[name],
             "note": say(session.language, f"budget.number.{name}.note", **facts)} for name in NUMBERS]


def plan_value(session: Session) -> dict:
    """The plan as a table: one row per kind of part and layer."""
    found, language = session.budgeting.found, session.language
    if found is None:
        return {}
    rows = [_plan_row(kind, layer, parts, language)
            for (kind, layer), parts in found.parts.groupby(["kind", "layer"], dropna=False, sort=False)]
    return {"title": say(language, "budget.plan.title"), "badge": _badge(session),
            "caption": say(language, "budget.plan.caption", **_facts(session)),
            "head": [say(language, f"budget.plan.{name}") for name in ("part", "layer", "formats", "bytes")],
            "rows": rows, "button": say(language, "budget.plan.file")}


def plan_file(session: Session) -> dict:
    """plan.json, as `export --plan` reads it; `serial` makes the same file asked for twice two downloads."""
    found = session.budgeting.found
    text = json.dumps(found.plan, indent=1) + "\n" if found is not None else "{}\n"
    return {"name": "plan.json", "text": text, "serial": time.monotonic_ns()}


def panel_value(name: str, session: Session) -> dict:
    """One panel of this tab, drawn anew; empty while there is nothing to draw."""
    found = session.budgeting.found
    if found is None or (name == "damage" and _damages(found).empty):
        return {}
    return panel(f"budget.{name}", DRAWERS[name], session, _badge(session, recorded=name == "damage"))


def pareto(session: Session) -> Picture:
    """Size against damage of every plan that was measured."""
    asked, found = session.budgeting, session.budgeting.found
    tolerance = found.settings["tolerance"]
    points = pd.concat([planning.surroundings(found, tolerance), *_exports(found, asked.measure)], ignore_index=True)
    points["passed"] = points["passed"].astype(bool)
    size = "touched" if found.settings["kind"] == "touched" else "bytes"
    points = points[points[size].notna()]
    front = points[points["family"] == ILP]
    facts = _facts(session) | {"plans": len(points[points["family"] != CHOSEN]),
                               "passing": int(points.loc[points["family"] != CHOSEN, "passed"].sum()),
                               "front": len(front), "measure": say(session.language, f"budget.measure.{asked.measure}")}
    return Picture(figures.pareto(points, asked.measure, tolerance, size, labels=figure_labels(session)), points, facts)


def bits(session: Session) -> Picture:
    """The format of every part."""
    parts = session.budgeting.found.parts
    counts = parts["format"].value_counts()
    told = "、".join if session.language == "zh" else ", ".join
    facts = _facts(session) | {"parts": len(parts), "told": told(f"{n} × {name}" for name, n in counts.items())}
    return Picture(figures.bits_map(parts, labels=figure_labels(session)), parts, facts)


def load(session: Session) -> Picture:
    """The measured load of every expert."""
    parts = session.budgeting.found.parts
    experts = parts[parts["kind"] == "expert"]
    busiest = experts.loc[experts["load"].idxmax()]
    per_layer = experts.groupby("layer")["load"].agg(["sum", "size"])
    facts = _facts(session) | {
        "chance": f"{(per_layer['sum'] / per_layer['size']).mean():.0%}", "experts": len(experts),
        "busiest": _place(busiest), "most": f"{busiest['load']:.0%}", "correlation": _correlation(experts)}
    return Picture(figures.load_map(experts, labels=figure_labels(session)), experts, facts)


def sensitivity(session: Session) -> Picture:
    """The Fisher ranking."""
    parts = session.budgeting.found.parts
    most = parts.loc[parts["sensitivity"].idxmax()]
    facts = _facts(session) | {"most": _name(most, session.language), "parts": len(parts)}
    return Picture(figures.sensitivity_map(parts, labels=figure_labels(session)), parts, facts)


def damage(session: Session) -> Picture:
    """The measured damage of each part alone."""
    damages = _damages(session.budgeting.found)
    worst = damages.loc[damages["kl"].idxmax()]
    router = damages[damages["kind"] == "router"]
    facts = _facts(session) | {
        "most": _name(worst, session.language), "kl": f"{worst['kl']:.2g}", "parts": len(damages),
        "format": worst["format"], "routers": f"{router['kl'].sum() / damages['kl'].sum():.0%}",
        "share": f"{router['bytes'].sum() / damages['bytes'].sum():.1%}",
        "correlation": f"{damages['kl'].corr(damages['sensitivity'], method='spearman'):+.2f}"}
    return Picture(figures.damage_map(damages, labels=figure_labels(session)), damages, facts)


DRAWERS = {"pareto": pareto, "bits": bits, "load": load, "sensitivity": sensitivity, "damage": damage}


def culprit_lines(session: Session) -> dict:
    """What the bisector found last, or what the recording holds."""
    own = session.budgeting.culprits
    found, language = session.budgeting.found, session.language
    if own:
        return {"text": _culprit(own[-1], own[-1]["tolerance"], language)}
    known = planning.recorded()
    if found is None or known is None or known.culprits.empty:
        return {"text": say(language, "budget.culprit.none_yet")}
    rows = [_culprit(row, known.settings["tolerance"], language) for row in known.culprits.to_dict("records")]
    return {"text": " ".join([say(language, "budget.culprit.recorded", model=known.settings["model"]),
                              *dict.fromkeys(rows)])}


def figure_labels(session: Session) -> dict[str, str]:
    """The words inside this tab's figures."""
    own = {key: say(session.language, f"budget.figure.{key}") for key in figures.OWN}
    return figure_words(session.language) | own


def _culprit(row: dict, tolerance: float, language: str) -> str:
    part = row["part"]
    key = "none" if part is None or part != part else row["direction"]
    said = "" if key == "none" else _part_name(str(part), language)
    position = 0 if key == "none" else int(row["position"]) + 1
    return say(language, f"budget.culprit.{key}", part=said, format=row["format"], position=position,
               parts=int(row["parts"]), tried=int(row["tried"]), tolerance=f"{tolerance:.4g}" if tolerance == 0
               else f"{tolerance:.2%}")


def _exports(found: Found, measure: str) -> list[pd.DataFrame]:
    """Files that were exported and run; their KL is of other texts, and their perplexity was not measured."""
    table = planning.exported()
    if table is None or measure != "kl" or found.settings["kind"] == "touched" or found.settings["layout"] != "onnx":
        return []
    same = table[table["model_hash"] == found.settings["model_hash"]]
    return [same.assign(name=same["plan"], family="exported", passed=False, delta=np.nan, low=np.nan, upper=np.nan,
                        touched=np.nan)] if len(same) else []


def _damages(found: Found) -> pd.DataFrame:
    """Each part alone, with its place; of the recording when it is of the same model."""
    known = planning.recorded()
    table = found.damages
    if table.empty and known is not None and known.settings["model_hash"] == found.settings["model_hash"]:
        table = known.damages
    return table.merge(found.parts[["part", "kind", "layer", "expert", "sensitivity"]], on="part")


def _plan_row(kind: str, layer: float, parts: pd.DataFrame, language: str) -> list[str]:
    counts = parts["format"].value_counts().items()
    formats = [f"{count} × {name}" if len(parts) > 1 else name for name, count in counts]
    return [say(language, f"budget.kind.{kind}"), "" if layer != layer else f"L{int(layer)}", " · ".join(formats),
            f"{int(parts['bytes'].sum()):,}"]


def _name(row: pd.Series, language: str) -> str:
    return _part_name(row["part"], language)


def _part_name(part: str, language: str) -> str:
    """expert.3.7 as a person says it."""
    kind, *numbers = part.split(".")
    place = "".join(f"{letter}{number}" for letter, number in zip("LE", numbers, strict=False))
    said = say(language, f"budget.kind.{kind}")
    return f"{said} {place}" if place else said


def _place(row: pd.Series) -> str:
    return f"L{int(row['layer'])}E{int(row['expert'])}"


def _correlation(experts: pd.DataFrame) -> str:
    found = experts["load"].corr(experts["sensitivity"], method="spearman")
    return "–" if np.isnan(found) else f"{found:+.2f}"


def _badge(session: Session, recorded: bool = False) -> str:
    recorded = session.budgeting.recorded or recorded
    return say(session.language, "badge.recorded" if recorded else "badge.measured",
               format=say(session.language, "budget.engine"), device=session.budgeting.found.settings["device"])


def _facts(session: Session) -> dict:
    found, language = session.budgeting.found, session.language
    settings, point, uniform = found.settings, found.chosen, found.smallest_uniform
    gate, third = settings["splits"]["gate"], settings["third"]
    verdict = {True: say(language, "budget.passes"), False: say(language, "budget.fails")}
    return {
        "model": settings["model"], "n": gate["tokens"], "texts": gate["texts"],
        "tolerance": f"{settings['tolerance']:.2%}",
        "size": f"{point['bytes'] / MEGABYTE:.2f} MB", "touched": f"{point['touched'] / MEGABYTE:.2f}",
        "smaller": f"{settings['fp32_bytes'] / point['bytes']:.1f} ×", "rise": f"{point['delta']:+.2%}",
        "low": f"{point['low']:+.2%}", "upper": f"{point['upper']:+.2%}", "verdict": verdict[bool(point["passed"])],
        "third": f"{third['delta']:+.2%}", "third_low": f"{third['low']:+.2%}", "third_upper": f"{third['upper']:+.2%}",
        "third_verdict": verdict[bool(third["passed"])], "third_n": settings["splits"]["third"]["tokens"],
        "flips": f"{point['flips']:.1%}", "top1": f"{point['top1']:.1%}", "kl": f"{point['kl']:.2g}",
        "ratio": "–" if uniform is None else f"{point['bytes'] / uniform['bytes']:.2f}",
        "uniform": say(language, "budget.no_uniform") if uniform is None else uniform["name"],
        "seconds": f"{settings['cpu_seconds']:.0f}", "plans_measured": settings["plans_measured"],
        "calibration": settings["splits"]["calibration"]["tokens"]}
