"""What the commands share that measure something over many texts: their arguments, the texts, how far they are.

It does not know what is measured.
"""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from moe_core.commands.arguments import add_json, add_model, number
from moe_core.commands.record import PROBES, encoded, probe_files, sentences_of

if TYPE_CHECKING:
    from moe_core.interventions.limits import Limits
    from moe_core.tracing.own import LoadedModel


class Probing(NamedTuple):
    """One model, the texts to measure it on, and when to stop."""

    loaded: "LoadedModel"
    texts: list[list[int]]    # token ids
    layers: list[int] | None  # None = all
    limits: "Limits"
    source: str               # "probes", or the name of the file


def add_arguments(parser: argparse.ArgumentParser, seeded: str, recording: str) -> None:
    """--layer, --text, --model, --seconds, --seed (of what `seeded` says), --out (the file `recording`), --json."""
    parser.add_argument("--layer", type=int, metavar="L", help="only this layer (default: all)")
    parser.add_argument("--text", type=Path, metavar="FILE",
                        help="one text per line, UTF-8 (default: the probe sentences, English and Chinese)")
    add_model(parser)
    parser.add_argument("--seconds", type=number, metavar="S", help="stop after this time with what is measured")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help=f"seed of {seeded} (0)")
    parser.add_argument("--out", type=Path, metavar="FILE", help=f"also keep it as a file for the page ({recording})")
    add_json(parser)


def probing(arguments: argparse.Namespace, counted: str) -> Probing:
    """Check the arguments, then load the model; progress is told as "1 of 60 `counted`"."""
    if arguments.seed < 0:
        raise ValueError(f"seed must lie in 0 or more, got {arguments.seed}")
    files = probe_files() if arguments.text is None else [arguments.text]
    sentences = [sentence for file in files for sentence in sentences_of(file)]
    if not sentences:
        raise ValueError(f"{arguments.text or PROBES} has no text in it; give it one text per line")
    from moe_core.interventions.limits import Limits  # these bring torch: after the arguments are known good
    from moe_core.tracing.own import load_model

    loaded = load_model(arguments.model)
    limits = Limits(seconds=arguments.seconds, progress=_counter(counted) if sys.stderr.isatty() else _silent)
    return Probing(loaded, encoded(sentences, loaded), None if arguments.layer is None else [arguments.layer], limits,
                   "probes" if arguments.text is None else arguments.text.name)


def settings_of(asked: Probing, complete: bool, measured: dict) -> dict:
    """What a recording says of itself: model, text, whether all was measured, and the settings of the measurement."""
    return {"model": asked.loaded.name, "model_hash": asked.loaded.hash, "text": asked.source, "complete": complete,
            **measured}


def _counter(counted: str):
    def tell(done: int, total: int) -> None:
        end = "\n" if done == total else ""
        print(f"\r{done} of {total} {counted}", end=end, file=sys.stderr, flush=True)

    return tell


def _silent(done: int, total: int) -> None:
    """Where nobody watches a terminal."""
