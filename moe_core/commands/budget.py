"""`budget`: which part of the model gets how many bits, so that it is small and its predictions stay.

It computes nothing: moe_core.precision.search does, this prints.
"""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from moe_core.commands.arguments import add_json, add_model
from moe_core.commands.printing import columns

if TYPE_CHECKING:
    from moe_core.precision.search import Search
    from moe_core.precision.search_found import Found

LEAST_GATE, MOST_GATE = 1024, 262144


def add(commands: argparse._SubParsersAction) -> None:
    """Make `budget` known."""
    parser = commands.add_parser("budget", help="the smallest mixed-precision plan that passes a quality gate")
    parser.add_argument("--max-bytes", type=whole, metavar="N", help="the best plan that needs at most so many bytes")
    parser.add_argument("--tolerance", type=share, default=0.005, metavar="0.5%",
                        help="how much the perplexity may rise, at the upper end of its 95 %% interval (0.5%%)")
    parser.add_argument("--touched", action="store_true", help="count the bytes touched per token, not those in a file")
    parser.add_argument("--layout", choices=("onnx", "c", "gguf"), default="onnx", help="whose byte layout (onnx)")
    parser.add_argument("--free-routers", action="store_true", help="let the routers be short too (default: fp32)")
    parser.add_argument("--gate-tokens", type=whole, default=16384, metavar="N",
                        help="tokens of the gate and of the third split (16384); more = narrower intervals")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="seed of labels and resampling (0)")
    add_model(parser)
    parser.add_argument("--out", type=Path, metavar="PLAN.json", help="also write the plan as a file")
    parser.add_argument("--record", type=Path, metavar="FILE",
                        help="also measure rules, random plans and every part, and keep all of it for the page "
                             "(assets/traces/budget.json)")
    add_json(parser)
    parser.set_defaults(run=run)


def share(text: str) -> float:
    """A percentage with its sign; a bare number could mean either, so it is refused."""
    from moe_core.precision.gate import check_tolerance

    try:
        if not text.strip().endswith("%"):
            raise ValueError(f"a tolerance needs its percent sign, such as 0.5%, got {text}")
        return check_tolerance(float(text.strip().removesuffix("%")) / 100)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def whole(text: str) -> int:
    """A whole number of at least 1."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {value}")
    return value


def run(arguments: argparse.Namespace) -> dict:
    """Search, print the plan; returns the JSON object."""
    if not LEAST_GATE <= arguments.gate_tokens <= MOST_GATE:
        raise ValueError(f"gate-tokens must lie in {LEAST_GATE}..{MOST_GATE}, got {arguments.gate_tokens}")
    if arguments.seed < 0:
        raise ValueError(f"seed must lie in 0 or more, got {arguments.seed}")
    from moe_core.precision.damage_texts import TOKENS  # imports torch: after the arguments are known good
    from moe_core.precision.search import Search
    from moe_core.precision.search_bench import Wish
    from moe_core.precision.search_found import save
    from moe_core.tracing.own import load_model

    wish = Wish(arguments.tolerance, arguments.max_bytes, "touched" if arguments.touched else "file",
                arguments.layout, not arguments.free_routers, arguments.seed)
    many = {"gate": arguments.gate_tokens, "third": arguments.gate_tokens}
    search = Search(load_model(arguments.model), wish, TOKENS | many)
    follow(search)
    print(table(search.found), "", summary(search.found), sep="\n")
    keep_plan(search.found, arguments.out)
    if arguments.record is not None:
        print(f"kept in {save(recorded(search), arguments.record)}")
    return as_json(search.found)


def follow(steps) -> None:
    """All steps; on a terminal, one line that says how far they are."""
    for step in steps:
        if sys.stderr.isatty():
            print(f"\r{step.stage:<12}{step.measured:>4} plans measured", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print(file=sys.stderr)


def recorded(search: "Search") -> "Found":
    """The search with all that surrounds its plan."""
    from dataclasses import replace

    from moe_core.precision.search_culprit import culprits
    from moe_core.precision.search_survey import part_damages, survey

    found, kept = search.found, {}

    def all_of_it():
        yield from survey(search.bench)
        kept["points"] = search.bench.points(found.plan)
        kept["damages"] = yield from part_damages(search.bench)
        kept["culprits"] = yield from culprits(search.bench, ("int8", "int4"))

    follow(all_of_it())
    return replace(found, **kept)


def keep_plan(found: "Found", path: Path | None) -> None:
    """Write the plan, if a file was asked for."""
    if path is not None:
        from moe_core.precision.plan import write_plan

        print(f"plan written to {write_plan(found.plan, path)}")


def table(found: "Found") -> str:
    """One row per kind of part and layer: which formats it got."""
    rows = []
    for (kind, layer), parts in found.parts.groupby(["kind", "layer"], dropna=False, sort=False):
        formats = parts["format"].value_counts()
        said = ", ".join(f"{count} × {format}" if len(parts) > 1 else format for format, count in formats.items())
        rows.append([kind, "" if layer != layer else f"L{int(layer)}", said, f"{parts['bytes'].sum():,}"])
    return columns([["part", "layer", "format", "bytes"], *rows])


def summary(found: "Found") -> str:
    """Sizes, the gate's verdict and the third split's, and on what they were measured."""
    point, uniform, settings = found.chosen, found.smallest_uniform, found.settings
    third, gate = settings["third"], settings["splits"]["gate"]
    beside = ("no uniform format passes" if uniform is None else
              f"{point['bytes'] / uniform['bytes']:.3f} × {uniform['name']}, the smallest uniform format that passes "
              f"({uniform['bytes']:,} bytes)")
    return (f"{point['bytes']:,} bytes in the {settings['layout']} layout, {point['touched']:,.0f} touched per token; "
            f"{settings['fp32_bytes'] / point['bytes']:.2f} × smaller than fp32; {beside}\n"
            f"gate: perplexity {point['delta']:+.3%}, 95 % interval {point['low']:+.3%}..{point['upper']:+.3%}: "
            f"{'passes' if point['passed'] else 'fails'} at {settings['tolerance']:.2%}; "
            f"KL {point['kl']:.3g} nats, same best token {point['top1']:.2%}, tokens with a flip {point['flips']:.2%}\n"
            f"third split: {third['delta']:+.3%}, {third['low']:+.3%}..{third['upper']:+.3%}: "
            f"{'passes' if third['passed'] else 'fails'}\n"
            f"{settings['model']}: n = {gate['tokens']} tokens of {gate['texts']} texts, perplexity "
            f"{settings['perplexity']:.3f}; storage engine on {settings['device']}; "
            f"{settings['plans_measured']} plans measured in {settings['cpu_seconds']:.1f} s of CPU")


def as_json(found: "Found") -> dict:
    """The keys are a promise to other programs; sizes in bytes, rises as shares (0.005 = 0.5 %)."""
    point, settings, uniform = found.chosen, found.settings, found.smallest_uniform
    third = settings["third"]
    return {
        "plan": found.plan, "bytes": int(point["bytes"]), "uniform_int8_bytes": settings["int8_bytes"],
        "delta_perplexity": point["delta"], "upper": point["upper"],
        "third_split": {"delta_perplexity": third["delta"], "low": third["low"], "upper": third["upper"],
                        "passed": third["passed"]},
        "passed": bool(point["passed"]), "cpu_seconds": settings["cpu_seconds"],
        "low": point["low"], "touched_bytes": point["touched"], "kl": point["kl"], "top1_agreement": point["top1"],
        "any_flip_rate": point["flips"], "fp32_bytes": settings["fp32_bytes"],
        "smallest_possible_bytes": settings["least_bytes"],
        "smallest_uniform": uniform and {"format": uniform["name"], "bytes": int(uniform["bytes"])},
        "tolerance": settings["tolerance"], "layout": settings["layout"], "kind": settings["kind"],
        "gate_tokens": settings["splits"]["gate"]["tokens"], "plans_measured": settings["plans_measured"],
        "model": settings["model"], "model_hash": settings["model_hash"],
    }
