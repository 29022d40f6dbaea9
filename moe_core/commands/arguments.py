"""What the commands share: one-line errors, the prompt, the model folder, the dials of generation.

It knows no torch, so a wrong argument is answered at once.
"""

import argparse
import math
from pathlib import Path
from typing import NoReturn

EMBEDDED_MODEL = Path(__file__).resolve().parents[2] / "assets" / "models" / "moescope"


class Parser(argparse.ArgumentParser):
    """Says in one line what is wrong, without the usage text above it."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\n")


def prompt(text: str) -> str:
    """A prompt that a tokenizer can read; argparse turns the ValueError's subclass into its one line."""
    if not text.strip():
        raise argparse.ArgumentTypeError("the prompt is empty; give it some text")
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise argparse.ArgumentTypeError("the prompt is not valid Unicode text (it holds a lone surrogate)")
    return text


def number(text: str) -> float:
    """A finite number."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def add_model(parser: argparse.ArgumentParser) -> None:
    """The folder of the model that a command works on."""
    parser.add_argument("--model", type=Path, default=EMBEDDED_MODEL, metavar="FOLDER",
                        help="a model folder (default: the embedded model)")


def add_json(parser: argparse.ArgumentParser) -> None:
    """--json, which every command has."""
    parser.add_argument("--json", action="store_true", help="print one JSON object on the last line")


def add_sampling(parser: argparse.ArgumentParser) -> None:
    """The dials of Sampling, with its defaults."""
    parser.add_argument("--max-new-tokens", type=int, default=60, metavar="N", help="how many tokens to add (60)")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="seed of the sampling (0)")
    parser.add_argument("--temperature", type=number, default=0.0, metavar="T", help="0 takes the best token (0)")
    parser.add_argument("--top-p", type=number, default=1.0, metavar="P", help="keep this much probability (1)")
    parser.add_argument("--top-k", type=int, default=0, metavar="K", help="keep the K likeliest tokens; 0 keeps all")
