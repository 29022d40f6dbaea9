"""`regret`: how often other experts would have served a token better, and by how much, in nats.

It computes nothing: moe_core.interventions.regret does, this prints.
"""

import argparse
import sys
from pathlib import Path

from moe_core.commands.arguments import EMBEDDED_MODEL, number
from moe_core.commands.printing import columns
from moe_core.commands.record import PROBES, parts_of, sentences_of
from moe_core.commands.statistics import rows
from moe_core.interventions import hindsight
from moe_core.interventions.hindsight import Hindsight


def add(commands: argparse._SubParsersAction) -> None:
    """Make `regret` known."""
    parser = commands.add_parser("regret", help="would other experts have served better? All sets, layer by layer")
    parser.add_argument("--layer", type=int, metavar="L", help="only this layer (default: all)")
    parser.add_argument("--text", type=Path, metavar="FILE",
                        help="one text per line, UTF-8 (default: the probe sentences, English and Chinese)")
    parser.add_argument("--model", type=Path, default=EMBEDDED_MODEL, metavar="FOLDER",
                        help="a model folder (default: the embedded model)")
    parser.add_argument("--seconds", type=number, metavar="S", help="stop after this time with what is measured")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="seed of the resampling (0)")
    parser.add_argument("--out", type=Path, metavar="FILE",
                        help="also keep it as a file for the page (assets/traces/regret.json)")
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
    found = _measure(arguments, sentences)
    if found.layers.empty:
        raise ValueError("no text was measured: give it more seconds")
    print(table(found), "", summary(found.settings), sep="\n")
    if arguments.out is not None:
        print(f"kept in {hindsight.save(found, arguments.out)}")
    return {"rows": rows(found.layers), "rows_experts": rows(found.experts), "examples": rows(found.examples),
            "settings": found.settings}


def _measure(arguments: argparse.Namespace, sentences: list[str]) -> Hindsight:
    from moe_core.interventions.limits import Limits  # the last import brings torch: after the arguments are known good
    from moe_core.interventions.regret import regrets
    from moe_core.tracing.own import load_model

    loaded = load_model(arguments.model)
    limits = Limits(seconds=arguments.seconds, progress=counter if sys.stderr.isatty() else lambda done, total: None)
    room, encode = loaded.model.config.max_position_embeddings - 1, loaded.tokenizer.encode
    texts = [encode(part) for sentence in sentences for part in parts_of(sentence, room, encode)]
    found = regrets(loaded.model, texts, None if arguments.layer is None else [arguments.layer], arguments.seed, limits)
    settings = {"model": loaded.name, "model_hash": loaded.hash,
                "text": "probes" if arguments.text is None else arguments.text.name, "complete": found.complete,
                **found.settings}
    labels = [[piece.label for piece in loaded.tokenizer.pieces(text)] for text in texts]
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


def counter(done: int, total: int) -> None:
    """How far it is, on one line of a terminal."""
    print(f"\r{done} of {total} tokens", end="\n" if done == total else "", file=sys.stderr, flush=True)
