"""`compare`: the same tokens through two or more number formats; what parts, and where the routes flip.

It computes nothing: moe_core.precision does, this prints.
"""

import argparse
import math
import time
from pathlib import Path

from moe_core.commands.arguments import add_json, add_model, prompt
from moe_core.commands.printing import columns
from moe_core.commands.record import encoded, probe_files, sentences_of
from moe_core.precision import recording
from moe_core.precision.comparison import Comparison
from moe_core.precision.formats import engines_of, storage_format_named
from moe_core.precision.report import Asked, everything


def add(commands: argparse._SubParsersAction) -> None:
    """Make `compare` known."""
    parser = commands.add_parser("compare", help="the same tokens in two or more number formats")
    parser.add_argument("prompt", type=prompt, nargs="?", help="the text to follow, in English or Chinese")
    parser.add_argument("--probes", action="store_true", help="the shipped probe texts instead, in every variant")
    parser.add_argument("--formats", type=formats, default=("fp32", "fp16"), metavar="fp32,fp16,…",
                        help="the reference fp32 and the formats to hold against it")
    parser.add_argument("--engine", choices=("compute", "storage"),
                        help="compute: the arithmetic is in that format (default); storage: only the parameters are "
                             "(whole numbers are always stored)")
    routers = parser.add_mutually_exclusive_group()
    routers.add_argument("--router-fp32", action="store_true", help="keep the routers in fp32")
    routers.add_argument("--router-alone", action="store_true", help="keep all but the routers in fp32")
    parser.add_argument("--replay", action="store_true", help="make the other formats take fp32's routes")
    add_model(parser)
    parser.add_argument("--out", type=Path, metavar="FILE",
                        help="with --probes: keep it as a file for the page (assets/traces/precision.json)")
    add_json(parser)
    parser.set_defaults(run=run)


def formats(text: str) -> tuple[str, ...]:
    """Names with commas between them, the first one fp32."""
    names = tuple(text.split(","))
    if len(names) < 2 or names[0] != "fp32":
        raise argparse.ArgumentTypeError(f"give fp32 and the formats to hold against it, such as fp32,fp16, got {text}")
    try:
        return tuple(storage_format_named(name).name for name in names)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def run(arguments: argparse.Namespace) -> dict:
    """Compare, print the tables; returns the JSON object."""
    if (arguments.prompt is None) != arguments.probes:
        raise ValueError("give a text, or --probes for the shipped probe texts, and not both")
    if arguments.out is not None and not arguments.probes:
        raise ValueError(f"--out {arguments.out} keeps what --probes measures; a single text is not kept")
    return over_probes(arguments) if arguments.probes else over_text(arguments)


def over_text(arguments: argparse.Namespace) -> dict:
    """One text through every format; the greedy continuation is that of the first."""
    from moe_core.precision.compare import Reference, compare  # imports torch: after the arguments are known good
    from moe_core.precision.report import Doubt, row
    from moe_core.tracing.own import load_model

    loaded, engine = load_model(arguments.model), engine_for(arguments)
    routers = "fp32" if arguments.router_fp32 else "alone" if arguments.router_alone else "short"
    token_ids = loaded.tokenizer.encode(arguments.prompt)
    first, *others = arguments.formats[1:]
    comparison = compare(loaded, token_ids, first, engine, routers, arguments.replay)
    reference, doubt = Reference(loaded, token_ids), Doubt([len(token_ids)])
    found = {first: comparison, **{name: reference.against(name, engine, routers, arguments.replay)
                                   for name in others}}
    rows = {name: row([one], doubt) for name, one in found.items()}
    print(flips(found), "", report(list(rows.values())), "", summary(comparison, arguments, engine), sep="\n")
    return {**as_json(comparison), "engine": engine, "formats": {
        name: {**recording.plain(rows[name]),
               "max_abs_logit_difference": _finite(one.max_abs_logit_difference_overall)}
        for name, one in found.items()}}


def over_probes(arguments: argparse.Namespace) -> dict:
    """Every probe text through every variant of these formats: free, replayed, routers kept in fp32, routers alone."""
    from moe_core.precision.compare import Reference
    from moe_core.precision.report import report_steps
    from moe_core.precision.steps import last
    from moe_core.tracing.own import load_model

    sentences = [sentence for file in probe_files() for sentence in sentences_of(file)]
    loaded, started = load_model(arguments.model), time.monotonic()
    references = [Reference(loaded, token_ids) for token_ids in encoded(sentences, loaded)]
    table = last(report_steps(references, variants(arguments)))
    settings = {"model": loaded.name, "model_hash": loaded.hash, "text": "probes", "texts": len(references),
                "tokens": int(table["tokens"].iloc[0]), "device": "CPU",
                "seconds": round(time.monotonic() - started, 1)}
    print(report(table.to_dict("records")), "",
          f"{loaded.name}: n = {settings['tokens']} tokens of {settings['texts']} probe texts, "
          f"each resampled as a whole; {settings['seconds']} s", sep="\n")
    if arguments.out is not None:
        print(f"kept in {recording.save(table, settings, arguments.out)}")
    return {"rows": [recording.plain(one) for one in table.to_dict("records")], "settings": settings}


def variants(arguments: argparse.Namespace) -> list[Asked]:
    """What is asked of the probe texts; engines are told apart, never mixed."""
    found = [one for one in everything() if one.format in arguments.formats[1:]
             and arguments.engine in (None, one.engine)]
    if not found:
        raise ValueError(f"engine {arguments.engine} has none of the formats {', '.join(arguments.formats[1:])}")
    return found


def engine_for(arguments: argparse.Namespace) -> str:
    """One engine for all formats, so that they can stand in one table: storage as soon as one can only be stored."""
    engine = arguments.engine or "compute"
    only_stored = [name for name in arguments.formats if engine not in engines_of(name)]
    if only_stored:
        print(f"{', '.join(only_stored)} can only be stored: every format is stored here and computed in fp32\n")
    return "storage" if only_stored else engine


def flips(found: dict[str, Comparison]) -> str:
    """One row per layer: the share of tokens whose set of experts changed, format by format."""
    first = next(iter(found.values()))
    rates = zip(*(one.flip_rate_per_layer for one in found.values()), strict=True)
    rows = [[f"L{layer}", *(f"{rate:.2%}" for rate in row)]
            for layer, row in zip(first.reference.layers, rates, strict=True)]
    return columns([["tokens that changed experts", *found], *rows])


def report(rows: list[dict]) -> str:
    """The table that llama.cpp prints for a quantised model; in brackets the 95 % interval."""
    head = ["format", "engine", "routers", "replay", "mean KL", "", "median", "99 %", "max", "same top-1", "",
            "Δ perplexity", "", "any flip", ""]
    return columns([head, *(_line(row) for row in rows)])


def _line(row: dict) -> list[str]:
    def between(name: str, form: str) -> list[str]:
        return [format(row[name], form), f"[{row[f'{name}_low']:{form}}..{row[f'{name}_high']:{form}}]"]

    return [row["format"], row["engine"], row["routers"], "yes" if row["replay"] else "no", *between("mean_kl", ".2g"),
            f"{row['median_kl']:.2g}", f"{row['kl_99']:.2g}", f"{row['max_kl']:.2g}", *between("same_top1", ".2%"),
            *between("delta_perplexity", "+.2%"), *between("any_flips", ".2%")]


def summary(comparison: Comparison, arguments: argparse.Namespace, engine: str) -> str:
    """The averages of the first format, and on what they were measured."""
    where = comparison.first_divergence
    parting = "do not part" if where is None else f"part at new token {where}"
    asked = comparison.settings["new_tokens"]
    extras = "".join([", routers in fp32" * arguments.router_fp32, ", only the routers" * arguments.router_alone,
                      ", fp32's routes replayed" * arguments.replay])
    return (f"mean KL {comparison.mean_kl:.3g} nats, "
            f"max |logit difference| {comparison.max_abs_logit_difference_overall:.3g}, "
            f"same best token {comparison.top1_agreement:.2%}, out of range {comparison.overflow_rate:.2%}\n"
            f"greedy texts of up to {asked} new tokens {parting}\n"
            f"{comparison.reference.model}: n = {len(comparison.reference.pieces)} tokens; "
            f"fp32 against {arguments.formats[1]} ({engine}{extras}) on {comparison.settings['device']}")


def as_json(comparison: Comparison) -> dict:
    """The keys are a promise to other programs; null = out of the format's range, or never parted."""
    return {
        "mean_kl": _finite(comparison.mean_kl),  # nats
        "max_abs_logit_difference": _finite(comparison.max_abs_logit_difference_overall),
        "top1_agreement": comparison.top1_agreement,
        "flip_rate_per_layer": comparison.flip_rate_per_layer.tolist(),  # [L]
        "first_divergence": comparison.first_divergence,  # which new token, from 0
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None  # JSON has no infinity
