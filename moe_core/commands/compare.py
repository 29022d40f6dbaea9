"""`compare`: the same tokens through two number formats; what parts, and where the routes flip.

It computes nothing: moe_core.precision.compare does, this prints.
"""

import argparse
import math

from moe_core.commands.arguments import add_common
from moe_core.commands.printing import columns
from moe_core.precision.comparison import Comparison
from moe_core.precision.formats import format_named


def add(commands: argparse._SubParsersAction) -> None:
    """Make `compare` known."""
    parser = commands.add_parser("compare", help="the same tokens in two number formats")
    add_common(parser)
    parser.add_argument("--formats", type=formats, default=("fp32", "fp16"), metavar="fp32,fp16",
                        help="the reference fp32 and the format to hold against it")
    parser.add_argument("--engine", choices=("compute", "storage"), default="compute",
                        help="compute: the arithmetic is in that format (default); storage: only the parameters are")
    parser.add_argument("--router-fp32", action="store_true", help="keep the routers in fp32")
    parser.add_argument("--replay", action="store_true", help="make the other format take fp32's routes")
    parser.set_defaults(run=run)


def formats(text: str) -> tuple[str, str]:
    """Two names with a comma between them, the first one fp32."""
    names = tuple(text.split(","))
    if len(names) != 2 or names[0] != "fp32":
        raise argparse.ArgumentTypeError(f"give fp32 and one other format, such as fp32,fp16, got {text}")
    try:
        return names[0], format_named(names[1]).name
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def run(arguments: argparse.Namespace) -> dict:
    """Compare, print the table of flips; returns the JSON object."""
    from moe_core.precision.compare import compare  # imports torch: after the arguments are known good
    from moe_core.tracing.own import load_model

    loaded = load_model(arguments.model)
    comparison = compare(loaded, loaded.tokenizer.encode(arguments.prompt), arguments.formats[1],
                         engine=arguments.engine, router_fp32=arguments.router_fp32, replay=arguments.replay)
    print(flips(comparison), "", summary(comparison, arguments), sep="\n")
    return as_json(comparison)


def flips(comparison: Comparison) -> str:
    """One row per layer: the share of tokens whose set of experts changed."""
    layers = comparison.reference.layers
    rows = [[f"L{layer}", f"{rate:.2%}"] for layer, rate in zip(layers, comparison.flip_rate_per_layer, strict=True)]
    return columns([["layer", "tokens that changed experts"], *rows])


def summary(comparison: Comparison, arguments: argparse.Namespace) -> str:
    """The averages, and on what they were measured."""
    where = comparison.first_divergence
    parting = "do not part" if where is None else f"part at new token {where}"
    asked = comparison.settings["new_tokens"]
    extras = "".join([", routers in fp32" * arguments.router_fp32, ", fp32's routes replayed" * arguments.replay])
    return (f"mean KL {comparison.mean_kl:.3g} nats, "
            f"max |logit difference| {comparison.max_abs_logit_difference_overall:.3g}, "
            f"same best token {comparison.top1_agreement:.2%}, out of range {comparison.overflow_rate:.2%}\n"
            f"greedy texts of up to {asked} new tokens {parting}\n"
            f"{comparison.reference.model}: n = {len(comparison.reference.pieces)} tokens; "
            f"fp32 against {arguments.formats[1]} ({arguments.engine}{extras}) on {comparison.settings['device']}")


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
