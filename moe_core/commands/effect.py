"""`effect`: what the model loses without each expert, in nats, with its interval and a control.

It computes nothing: moe_core.interventions.effect does, this prints.
"""

import argparse
import sys
from pathlib import Path

import pandas as pd

from moe_core.commands.arguments import EMBEDDED_MODEL, number
from moe_core.commands.printing import columns
from moe_core.commands.record import PROBES, parts_of, sentences_of
from moe_core.commands.statistics import rows
from moe_core.interventions import recording

KEYS = list(recording.KEYS)


def add(commands: argparse._SubParsersAction) -> None:
    """Make `effect` known."""
    parser = commands.add_parser("effect", help="what is lost without each expert, in nats")
    parser.add_argument("--layer", type=int, metavar="L", help="only this layer (default: all)")
    parser.add_argument("--text", type=Path, metavar="FILE",
                        help="one text per line, UTF-8 (default: the probe sentences, English and Chinese)")
    parser.add_argument("--model", type=Path, default=EMBEDDED_MODEL, metavar="FOLDER",
                        help="a model folder (default: the embedded model)")
    parser.add_argument("--seconds", type=number, metavar="S", help="stop after this time with what is measured")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="seed of resampling and control (0)")
    parser.add_argument("--out", type=Path, metavar="FILE",
                        help="also keep it as a file for the page (assets/traces/effect.json)")
    parser.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> dict:
    """Measure, print the table; returns the JSON object."""
    if arguments.seed < 0:
        raise ValueError(f"seed must lie in 0 or more, got {arguments.seed}")
    files = sorted(PROBES.glob("probe_*.txt")) if arguments.text is None else [arguments.text]
    sentences = [sentence for file in files for sentence in sentences_of(file)]
    if not sentences:
        raise ValueError(f"{arguments.text or PROBES} has no text in it; give it one text per line")
    from moe_core.interventions.effect import effects  # imports torch: after the arguments are known good
    from moe_core.interventions.limits import Limits
    from moe_core.tracing.own import load_model

    loaded = load_model(arguments.model)
    limits = Limits(seconds=arguments.seconds, progress=counter if sys.stderr.isatty() else lambda done, total: None)
    layers = None if arguments.layer is None else [arguments.layer]
    room = loaded.model.config.max_position_embeddings - 1
    encode = loaded.tokenizer.encode
    texts = [encode(part) for sentence in sentences for part in parts_of(sentence, room, encode)]
    found = effects(loaded.model, texts, layers, arguments.seed, limits)
    settings = {"model": loaded.name, "model_hash": loaded.hash,
                "text": "probes" if arguments.text is None else arguments.text.name,
                "complete": found.complete, **found.settings}
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


def counter(done: int, total: int) -> None:
    """How far it is, on one line of a terminal."""
    print(f"\r{done} of {total} experts", end="\n" if done == total else "", file=sys.stderr, flush=True)
