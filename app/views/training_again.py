"""What the table of strategies shows while it is measured anew: a row for every strategy that is done."""

from functools import partial

import pandas as pd

from app.figures import training as figures
from app.session import Session
from app.training_state import TrainingRun
from app.views.panel import Picture
from app.views.training import figure_labels, panel_of
from app.views.training_table import facts_table, name_of
from app.words import say
from moe_core.lab.table import SMALL, summed


def panels_value(session: Session, run: TrainingRun | None) -> dict[str, dict]:
    """The picture, and all numbers as a table; empty before the first strategy is done."""
    if run is None or not run.told("step"):
        return {"loss": {}, "facts": {}}
    picture = loss(run, session)
    badge = say(session.language, "badge.measured", format="fp32", device="CPU")
    return {"loss": panel_of("again.loss", drawer("loss", run), session, run),
            "facts": facts_table(picture.table, badge, "training.again", picture.facts, session.language)}


def drawer(name: str, run: TrainingRun | None):
    """What draws a panel of this run: both show the same numbers."""
    return partial(loss, run)


def numbers_value(session: Session, run: TrainingRun | None) -> list[dict]:
    """No numbers beside those of the table."""
    return []


def loss(run: TrainingRun, session: Session) -> Picture:
    """Held-out loss of every strategy that is done."""
    rows = summed(pd.DataFrame([report["row"] for report in run.told("step")]))
    rows = rows.assign(name=[name_of(row.kind, row.strategy, session.language) for row in rows.itertuples()])
    dials, best = run.job["dials"], rows.sort_values("loss").iloc[0]
    facts = {"n": len(rows), "total": run.last("begun")["total"], "seed": dials["seed"], "steps": dials["steps"],
             "tokens": f"{dials['steps'] * SMALL['batch'] * SMALL['length']:,}", "all_steps": SMALL["steps"],
             "best": best["name"], "best_loss": f"{best['loss']:.3f}"}
    return Picture(figures.strategies(rows, labels=figure_labels(session.language)), rows, facts)
