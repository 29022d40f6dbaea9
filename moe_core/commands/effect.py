"""`effect`: what the model loses without each expert, in nats, with its interval and a control.

It computes nothing: moe_core.interventions.effect does, this prints.
"""

import argparse

import pandas as pd

from moe_core.commands.printing import columns
from moe_core.commands.probing import add_arguments, probing, settings_of
from moe_core.commands.statistics import rows
from moe_core.interventions import recording

KEYS = list(recording.KEYS)


def add(commands: argparse._SubParsersAction) -> None:
    """Make `effect` known."""
    parser = commands.add_parser("effect", help="what is lost without each expert, in nats")
    add_arguments(parser, "resampling and control", "assets/traces/effect.json")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> dict:
    """Measure, print the table; returns the JSON object."""
    asked = probing(arguments, "experts")
    from moe_core.interventions.effect import effects

    found = effects(asked.loaded.model, asked.texts, asked.layers, arguments.seed, asked.limits)
    settings = settings_of(asked, found.complete, found.settings)
    print(table(found.table), "", summary(settings), sep="\n")
    by_scope = {scope: rows(part[KEYS]) for scope, part in found.table.groupby("scope")}
    result = {"rows": by_scope.get("all", []), "rows_chosen": by_scope.get("chosen", []), "settings": settings}
    if arguments.out is not None:
        print(f"kept in {recording.save(result, arguments.out)}")
    return result


def table(effects: pd.DataFrame) -> str:
    """One row per layer, expert and scope."""
    head = ["", "tokens", "n", "delta (nats)", "95 % interval", "control 95 %"]
    return columns([head, *([f"L{row.layer} E{row.expert}", row.scope, str(row.n), f"{row.delta_nats:+.4f}",
                             f"{row.low:+.4f}..{row.high:+.4f}", f"{row.control_low:+.4f}..{row.control_high:+.4f}"]
                            for row in effects.itertuples())])


def summary(settings: dict) -> str:
    """What was measured, on what."""
    cut = "" if settings["complete"] else "; stopped by the time limit: some experts are missing"
    return (f"{settings['model']}: n = {settings['tokens']} tokens of {settings['texts']} texts ({settings['text']}), "
            f"loss {settings['loss']:.4f} nats; {settings['format']} on {settings['device']}, "
            f"{settings['seconds']} s; intervals resample {settings['resampled']}s; "
            f"control: the same tokens lose another of their experts{cut}")
