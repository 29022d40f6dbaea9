"""What a live run shows: losses beside the dense twin's, load per layer, MaxVio, its numbers, kept runs compared."""

import math
from functools import partial

import pandas as pd

from app.figures import training as figures
from app.session import Session
from app.training_runs import Bench
from app.training_state import TrainingRun
from app.views.panel import Picture, percent
from app.views.training import figure_labels, number, panel_of
from app.words import say
from moe_core.lab.dials import LabDials

PANELS = ("losses", "load", "violation")
USUAL = LabDials().as_json()
LOST = 0.01  # of an even share: an expert with less is as good as gone


def panels_value(session: Session, run: TrainingRun | None) -> dict[str, dict]:
    """All panels, drawn anew."""
    return {name: panel_of(f"lab.{name}", drawer(name, run), session, run) for name in PANELS}


def drawer(name: str, run: TrainingRun | None):
    """What draws one panel of this run."""
    return partial(DRAWERS[name], run)


def numbers_value(session: Session, run: TrainingRun | None) -> list[dict]:
    """Held-out loss, how far from the twin, parameters, balance, speed."""
    if run is None or not run.told("step"):
        return []
    facts, speak = _facts(run), partial(say, session.language)
    shown = ["held_out", "behind", "parameters", "violation", "idle", *(["dropped"] if _dropped(run) else []), "speed"]
    notes = {"behind": "behind.note" if "behind_twin" in run.last("done") else "behind.open"}
    return [{"name": speak(f"training.lab.number.{name}"), "value": facts[name],
             "note": speak(f"training.lab.number.{notes.get(name, f'{name}.note')}", **facts)} for name in shown]


def losses(run: TrainingRun, session: Session) -> Picture:
    """Loss of the mixture and of its dense twin."""
    names = ("loss", "validation_loss", "twin_loss", "twin_validation_loss")
    table = pd.DataFrame([{"step": report["step"], **{name: report.get(name) for name in names}}
                          for report in run.told("step")]).astype(dict.fromkeys(names, float))
    facts = _facts(run) | {"turned": name_of(run, session.language)}
    figure = figures.losses(table, math.log(facts["vocabulary"]), labels=figure_labels(session.language))
    return Picture(figure, table, facts)


def load(run: TrainingRun, session: Session) -> Picture:
    """Every expert's share, layer by layer, as training goes on."""
    table = pd.DataFrame([{"step": report["step"], "layer": layer, "expert": expert, "share": share}
                          for report in run.told("step") for layer, shares in enumerate(report["load"])
                          for expert, share in enumerate(shares)])
    figure = figures.load_over_time(table, labels=figure_labels(session.language))
    return Picture(figure, table, _facts(run))


def violation(run: TrainingRun, session: Session) -> Picture:
    """MaxVio of every layer."""
    table = pd.DataFrame([{"step": report["step"], "layer": layer, "max_violation": value}
                          for report in run.told("step") for layer, value in enumerate(report["max_violation"])])
    return Picture(figures.violations(table, labels=figure_labels(session.language)), table, _facts(run))


DRAWERS = {"losses": losses, "load": load, "violation": violation}


def compared_value(session: Session, bench: Bench) -> dict:
    """The kept runs side by side; empty while there is none."""
    if not bench.kept:
        return {}
    return panel_of("lab.compared", partial(compared, bench), session, bench.kept[-1])


def compared(bench: Bench, session: Session) -> Picture:
    """Held-out loss of every kept run, named by what was turned in it."""
    names = [f"{place}: {name_of(run, session.language)}" for place, run in enumerate(bench.kept, 1)]
    table = pd.DataFrame([{"run": name, "step": report["step"], "validation_loss": report.get("validation_loss"),
                           "max_violation": max(report["max_violation"])}
                          for name, run in zip(names, bench.kept, strict=True) for report in run.told("step")])
    told = "; ".join(f"{name}: {_facts(run)['held_out']}" for name, run in zip(names, bench.kept, strict=True))
    figure = figures.compared(table.astype({"validation_loss": float}), labels=figure_labels(session.language))
    return Picture(figure, table, {"n": len(names), "told": told})


def name_of(run: TrainingRun, language: str) -> str:
    """What differs from the usual dials, in words."""
    turned = [f"{say(language, f'training.dial.{name}')} {_spoken(name, value, language)}"
              for name, value in run.job["dials"].items() if value != USUAL.get(name) and name != "steps"]
    return ", ".join(turned) or say(language, "training.lab.usual")


def _spoken(name: str, value, language: str) -> str:
    return say(language, f"training.{name}.{value}") if isinstance(value, str) else f"{value:g}"


def _facts(run: TrainingRun) -> dict:
    begun, last, done = run.last("begun"), run.last("step"), run.last("done")
    judged = next((report for report in reversed(run.reports) if report.get("validation_loss") is not None), {})
    experts = [share * len(shares) for shares in last["load"] for share in shares]
    worst = max(range(len(last["load"])), key=last["max_violation"].__getitem__)
    twin = judged.get("twin_validation_loss")
    behind = done.get("behind_twin", None if twin is None else judged["validation_loss"] - twin)
    return {"step": last["step"], "vocabulary": begun["vocabulary"], "blind": f"{math.log(begun['vocabulary']):.2f}",
            "held_out": number(judged.get("validation_loss")), "twin": number(twin), "at": judged.get("step", 0),
            "behind": "–" if behind is None else f"{behind:+.3f}", "windows": done.get("windows", 24),
            "low": _signed(done.get("behind_twin_low")), "high": _signed(done.get("behind_twin_high")),
            "parameters": f"{begun['parameters']:,} / {begun['active']:,}",
            "twin_parameters": f"{begun['twin_parameters'] or 0:,}", "layers": len(last["load"]),
            "violation": number(max(last["max_violation"]), 2), "worst": worst, "experts": len(last["load"][0]),
            "even": percent(1 / len(last["load"][0])), "idle": f"{sum(share < LOST for share in experts)}",
            "slots": len(experts), "most": f"{len(last['load'][0]) / (USUAL | run.job['dials'])['k'] - 1:g}",
            "dropped": percent(last["dropped"]), "speed": f"{last['tokens_per_second']:,}",
            "n": f"{begun['training_tokens']:,}", "batch": _batch(run)}


def _batch(run: TrainingRun) -> int:
    dials = USUAL | run.job["dials"]
    return dials["batch"] * dials["length"]


def _dropped(run: TrainingRun) -> bool:
    return bool(run.job["dials"].get("capacity"))


def _signed(value: float | None) -> str:
    return "–" if value is None else f"{value:+.3f}"
