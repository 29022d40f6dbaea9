"""`trace`: follow a prompt, print who routed what where, and give the trace as JSON.

It computes nothing: moe_core.tracing.own does, this prints.
"""

import argparse
from pathlib import Path

from moe_core.commands.arguments import add_json, add_model, add_sampling, prompt
from moe_core.commands.printing import columns, shown
from moe_core.sampling import Sampling
from moe_core.tracing import bundle
from moe_core.tracing.trace import RoutingTrace


def add(commands: argparse._SubParsersAction) -> None:
    """Make `trace` known."""
    parser = commands.add_parser("trace", help="generate text and record every router's decision")
    parser.add_argument("prompt", type=prompt, help="the text to follow, in English or Chinese")
    add_model(parser)
    add_json(parser)
    add_sampling(parser)
    parser.add_argument("--save", type=Path, metavar="FILE",
                        help="keep the trace as a file that replays without the model (NAME.trace.json)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> dict:
    """Generate while printing, then the table of choices; returns the JSON object."""
    dials = ("max_new_tokens", "temperature", "top_p", "top_k", "seed")
    sampling = Sampling(**{name: getattr(arguments, name) for name in dials})
    from moe_core.tracing.own import load_model, trace_stream  # imports torch: after the arguments are known good

    trace, printed = None, 0
    for trace in trace_stream(load_model(arguments.model), arguments.prompt, sampling):
        print(*map(shown, trace.pieces[printed:]), sep="", end="", flush=True)
        printed = len(trace.pieces)
    print("\n", choices(trace), "", summary(trace), sep="\n")
    if arguments.save:
        print(f"saved: {bundle.save(trace, arguments.save)}")
    return as_json(trace)


def choices(trace: RoutingTrace) -> str:
    """One row per token, one column per layer: the chosen experts, best first."""
    head = ["", "token", "phase", *(f"L{layer}" for layer in trace.layers)]
    rows = [[str(position), piece.label, phase, *("+".join(f"E{expert}" for expert in layer[position])
                                                  for layer in trace.expert_ids)]
            for position, (piece, phase) in enumerate(zip(trace.pieces, trace.phase, strict=True))]
    return columns([head, *rows])


def summary(trace: RoutingTrace) -> str:
    """What was measured, on what."""
    settings = trace.settings
    return (f"{trace.model}: n = {len(trace.pieces)} tokens, {len(trace.layers)} layers, "
            f"{trace.experts_per_token} of {trace.experts} experts per token; "
            f"{settings['format']} on {settings['device']}; stopped: {settings['stopped']}")


def as_json(trace: RoutingTrace) -> dict:
    """The keys are a promise to other programs."""
    return {
        "model": trace.model,
        "tokens": [piece.label for piece in trace.pieces],
        "phase": list(trace.phase),
        "experts": trace.experts,
        "experts_per_token": trace.experts_per_token,
        "layers": list(trace.layers),
        "expert_ids": trace.expert_ids.tolist(),        # [L][T][K]
        "weights": trace.weights.tolist(),              # [L][T][K]
        "probabilities": trace.probabilities.tolist(),  # [L][T][E]
        "text": trace.text,
    }
