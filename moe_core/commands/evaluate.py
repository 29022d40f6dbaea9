"""`evaluate`: loss by domain, baselines, routers and jobs, on text the model never trained on; or free texts.

It computes nothing: moe_core.evaluation does, this reads arguments and prints.
"""

import argparse
import sys
from pathlib import Path

from moe_core.commands.arguments import add_json, add_model
from moe_core.commands.printing import columns
from moe_core.evaluation import recording

TWIN_ENDINGS = {"dense_active": "-dense-active", "dense_total": "-dense-total"}


def add(commands: argparse._SubParsersAction) -> None:
    """Make `evaluate` known."""
    parser = commands.add_parser("evaluate", help="how good a model is on text it never trained on")
    add_model(parser)
    parser.add_argument("--dense-active", type=Path, metavar="FOLDER",
                        help="its dense twin of equal active parameters (default: FOLDER-dense-active, if there)")
    parser.add_argument("--dense-total", type=Path, metavar="FOLDER",
                        help="its dense twin of equal total parameters (default: FOLDER-dense-total, if there)")
    parser.add_argument("--quick", action="store_true", help="a tenth of the text: a minute instead of ten")
    parser.add_argument("--continuations", type=int, default=0, metavar="N",
                        help="instead: write N free continuations a language to --out, and count what can be counted")
    parser.add_argument("--out", type=Path, metavar="FILE",
                        help="also keep the result (the page reads assets/traces/evaluation.json)")
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> dict:
    """Load the models, measure, print tables; returns the JSON object."""
    if not 0 <= arguments.continuations <= 1000:
        raise ValueError(f"continuations must lie in 0..1000, got {arguments.continuations}")
    if arguments.continuations:
        return _continuations(arguments)
    from moe_core.corpus.sources import data_folder
    from moe_core.evaluation.run import FULL, QUICK, evaluate
    from moe_core.tracing.own import load_model

    moe = load_model(arguments.model)
    if not moe.model.config.num_experts:
        raise ValueError(f"{arguments.model} has no experts; give a mixture of experts, its twins by --dense-active")
    twins = {name: load_model(folder) for name, folder in twin_folders(arguments).items()}
    found = evaluate(moe, twins, QUICK if arguments.quick else FULL, data_folder(), say)
    print(f"\n{loss_table(found)}\n\n{router_lines(found)}\n\n{task_table(found)}\n\n{summary(found)}")
    if arguments.out is not None:
        print(f"kept in {recording.save(found, arguments.out)}")
    return found


def twin_folders(arguments: argparse.Namespace) -> dict[str, Path]:
    """The twins that were named, and those that lie beside the model."""
    found = {}
    for name, ending in TWIN_ENDINGS.items():
        named = getattr(arguments, name)
        beside = arguments.model.with_name(arguments.model.name + ending)
        if named is not None or beside.is_dir():
            found[name] = named or beside
    return found


def loss_table(found: dict) -> str:
    """One row a domain: bits per byte of every system."""
    systems = [name for name in ("moe", "dense_active", "dense_total", "ngram", "xz") if found["overall"].get(name)]
    head = ["bits per byte", "documents", *systems, "moe - dense_active (nats, 95 %)"]
    rows = [[name, str(row["documents"]), *(f"{row[system]['bits_per_byte']:.3f}" for system in systems),
             _difference(row["moe_minus_dense_active"])]
            for name, row in {"all": found["overall"], **found["languages"], **found["domains"]}.items()]
    return columns([head, *rows])


def router_lines(found: dict) -> str:
    """Load and mutual information in a few lines."""
    load = found["load"]
    lines = [f"smallest share {load['min_share']:.3f} (even {load['even_share']:.3f}), worst MaxVio "
             f"{load['max_violation']:.3f}, entropy {load['entropy']:.3f} of {load['even_entropy']:.3f} nats"]
    lines += [f"expert tells {row['bits']:.3f} bits of {label} (chance {row['chance']:.3f}, p {row['p']:.3f})"
              for label, row in found["mutual_information"].items()]
    return "\n".join(lines)


def task_table(found: dict) -> str:
    """One row a job."""
    head = ["job", "metric", "n", "moe", "95 % interval", "baseline", "", "dense_active"]
    rows = [[name, row["metric"], str(row["n"]), f"{row['value']:.3f}", f"{row['low']:.3f}..{row['high']:.3f}",
             f"{row['baseline']:.3f}", row["baseline_name"],
             "-" if row["dense_active"] is None else f"{row['dense_active']:.3f}"]
            for name, row in found["tasks"].items()]
    return columns([head, *rows])


def summary(found: dict) -> str:
    """What was measured, on what."""
    settings, overall = found["settings"], found["overall"]
    outside = "with" if settings["outside_data"] else "without"
    return (f"{settings['model']}: {overall['moe']['nats']:.4f} nats per token, n = {overall['tokens']} tokens of "
            f"{overall['documents']} held-out documents ({outside} outside data); {settings['format']} on "
            f"{settings['device']}, {settings['seconds']} s")


def say(line: str) -> None:
    """How far it is, on one line of a terminal."""
    if sys.stderr.isatty():
        print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)


def _difference(row: dict | None) -> str:
    return "-" if row is None else f"{row['nats']:+.4f} ({row['low']:+.4f}..{row['high']:+.4f})"


def _continuations(arguments: argparse.Namespace) -> dict:
    from moe_core.evaluation.continuations import as_text, counted, write_on
    from moe_core.tracing.own import load_model

    loaded = load_model(arguments.model)
    written = write_on(loaded, arguments.continuations, progress=say)
    found = {"model": loaded.name, "model_hash": loaded.hash, **counted(written)}
    out = arguments.out or Path("continuations.md")
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(as_text(written, found), encoding="utf-8")
    print(f"kept in {out}")
    for language, row in found["languages"].items():
        print(f"{language}: of {row['n']}: {row['kept_language']} keep the prompt's language, {row['ended']} end "
              f"within {found['most_tokens']} tokens, {row['loops']} loop")
    return found
