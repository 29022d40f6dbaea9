"""`regret`: how often other experts would have served a token better, and by how much, in nats.

It computes nothing: moe_core.interventions.regret does, this prints.
"""

import argparse

from moe_core.commands.printing import columns
from moe_core.commands.probing import add_arguments, probing, settings_of
from moe_core.commands.statistics import rows
from moe_core.interventions import hindsight
from moe_core.interventions.hindsight import Hindsight


def add(commands: argparse._SubParsersAction) -> None:
    """Make `regret` known."""
    parser = commands.add_parser("regret", help="would other experts have served better? All sets, layer by layer")
    add_arguments(parser, "the resampling", "assets/traces/regret.json")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> dict:
    """Measure, print the table; returns the JSON object."""
    found = _measure(arguments)
    if found.layers.empty:
        raise ValueError("no text was measured: give it more seconds")
    print(table(found), "", summary(found.settings), sep="\n")
    if arguments.out is not None:
        print(f"kept in {hindsight.save(found, arguments.out)}")
    return {"rows": rows(found.layers), "rows_experts": rows(found.experts), "examples": rows(found.examples),
            "settings": found.settings}


def _measure(arguments: argparse.Namespace) -> Hindsight:
    asked = probing(arguments, "tokens")
    from moe_core.interventions.regret import regrets

    found = regrets(asked.loaded.model, asked.texts, asked.layers, arguments.seed, asked.limits)
    settings = settings_of(asked, found.complete, found.settings)
    labels = [[piece.label for piece in asked.loaded.tokenizer.pieces(text)] for text in asked.texts]
    return Hindsight(found.layers, hindsight.expert_table(found.tokens, settings["experts"], arguments.seed),
                     hindsight.worst_choices(found.tokens, labels), settings)


def table(found: Hindsight) -> str:
    """One row per layer."""
    head = ["", "n", "regret (nats)", "95 % interval", "a better set exists", "sets that are better", "best set chosen",
            "by chance"]
    return columns([head, *([f"L{row.layer}", str(row.n), f"{row.regret:.4f}", f"{row.low:.4f}..{row.high:.4f}",
                             f"{row.better_share:.1%}", f"{row.beaten:.1%}", f"{row.agree:.1%}",
                             f"{row.agree_chance:.1%}"] for row in found.layers.itertuples())])


def summary(settings: dict) -> str:
    """What was measured, on what."""
    cut = "" if settings["complete"] else "; stopped by the time limit: some texts are missing"
    return (f"{settings['model']}: n = {settings['tokens']} tokens of {settings['texts']} texts ({settings['text']}), "
            f"all {settings['sets']} sets of {settings['k']} of {settings['experts']} experts, one layer and one token "
            f"at a time; {settings['format']} on {settings['device']}, {settings['seconds']} s; "
            f"intervals resample {settings['resampled']}s{cut}")
