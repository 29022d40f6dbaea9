"""One prompt written on by a model, token by token, with the time each token took; and what a token costs it.

It compares nothing: whoever asks two models lays their answers side by side.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from moe_core.sampling import Sampling


@dataclass(frozen=True)
class Written:
    """What a model wrote after a prompt."""

    model: str
    text: str
    milliseconds: tuple[float, ...]  # of every new token
    ended: bool                      # by itself, not at the limit

    @property
    def typical(self) -> float | None:
        """The median time of a new token; None where none was written."""
        return median(self.milliseconds) if self.milliseconds else None


def write_on(loaded, prompt: str, sampling: Sampling) -> Iterator[Written]:
    """The growing text, one token more each time; the prompt's own pass is not timed."""
    from moe_core.model.generation import generate

    steps = generate(loaded.model, loaded.tokenizer.encode(prompt), sampling)
    written, took, fed = [], [], next(steps)
    while True:
        yield Written(loaded.name, loaded.tokenizer.decode(written), tuple(took), fed.stopped == "end")
        if fed.stopped:
            return
        began = time.perf_counter()
        fed = next(steps)
        took.append(1000 * (time.perf_counter() - began))
        written += fed.token_ids


@dataclass(frozen=True)
class Cost:
    """Counted from a model's files, without running it."""

    parameters: int   # in its files
    active: int       # of them, touched by one token; the embedding counts whole
    macs: int         # multiply-accumulates for one token that reads `position` tokens before it


def cost(folder: Path, position: int) -> Cost:
    """Of the model in this folder, dense or not."""
    from moe_core.config import MoEscopeConfig
    from moe_core.precision.energy import macs

    config = MoEscopeConfig.from_pretrained(folder)
    parameters = sum(_parameters(file) for file in sorted(Path(folder).glob("*.safetensors")))
    idle = config.num_experts - config.num_experts_per_tok if config.num_experts else 0
    unused = config.num_hidden_layers * idle * 3 * config.hidden_size * config.moe_intermediate_size
    counted = macs(config, position)
    counted |= {} if config.num_experts else {"routed": 0, "router": 0}
    return Cost(parameters, parameters - unused, sum(counted.values()))


def _parameters(file: Path) -> int:
    """How many numbers a safetensors file holds, by its head alone."""
    with file.open("rb") as stream:
        head = json.loads(stream.read(int.from_bytes(stream.read(8), "little")))
    return sum(_product(entry["shape"]) for name, entry in head.items() if name != "__metadata__")


def _product(shape: list[int]) -> int:
    found = 1
    for size in shape:
        found *= size
    return found
