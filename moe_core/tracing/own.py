"""Trace our own model: load it, follow a prompt while it generates, or read a finished text.

Knows nothing of pages; what leaves here is a RoutingTrace without tensors.
"""

import hashlib
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from moe_core.model.causal_lm import MoEscopeForCausalLM
from moe_core.model.generation import Cache, feed, generate
from moe_core.model.router import Routing
from moe_core.sampling import Sampling
from moe_core.tokenizer import Tokenizer
from moe_core.tracing.trace import RoutingTrace
from moe_core.tracing.watch import Recorder, Watcher

CANDIDATES = 10


class ModelFilesError(ValueError):
    """A model folder that cannot be read; the message names the file."""


@dataclass(frozen=True)
class LoadedModel:
    """A model ready to run, with its tokenizer and where it came from."""

    model: MoEscopeForCausalLM
    tokenizer: Tokenizer
    name: str
    hash: str     # first 12 hex digits of the SHA-256 of its parameter files


def load_model(folder: str | Path) -> LoadedModel:
    """Read config, parameters (safetensors) and tokenizer from a folder."""
    folder = Path(folder)
    parameter_files = sorted(folder.glob("*.safetensors"))
    for name in ("config.json", "tokenizer.json"):
        if not (folder / name).is_file():
            raise ModelFilesError(f"model file is missing: {folder / name}")
    if not parameter_files:
        raise ModelFilesError(f"model file is missing: {folder / 'model.safetensors'}")
    tokenizer = Tokenizer.load(folder)
    try:
        model = MoEscopeForCausalLM.from_pretrained(folder, dtype=torch.float32, local_files_only=True).eval()
    except Exception as error:  # transformers and safetensors raise many kinds for a broken file
        raise ModelFilesError(f"model file is damaged: {_damaged(parameter_files, folder)} ({error})") from error
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in parameter_files)).hexdigest()
    return LoadedModel(model, tokenizer, folder.name, digest[:12])


def trace_stream(loaded: LoadedModel, prompt: str, sampling: Sampling, pause: float = 0.06) -> Iterator[RoutingTrace]:
    """The trace as it grows, at most one every `pause` seconds, and the finished one last.

    Closing the iterator stops the generation; the trace yielded last then holds what was done.
    """
    recording = Recording(loaded, {"prompt": prompt, **asdict(sampling)})
    shown = -pause
    for fed in generate(loaded.model, loaded.tokenizer.encode(prompt), sampling, recording.watch):
        recording.add(fed.token_ids, fed.logits)
        if fed.stopped or time.monotonic() - shown >= pause:
            shown = time.monotonic()
            yield recording.trace(stopped=fed.stopped)


def trace_text(loaded: LoadedModel, text: str) -> RoutingTrace:
    """One full forward pass over a text, every token counted as prompt."""
    token_ids = loaded.tokenizer.encode(text)
    return read_through(loaded, token_ids, settings={"prompt": text}).trace(stopped=None)


def read_through(loaded: LoadedModel, token_ids: list[int], *watchers: Watcher,
                 model: MoEscopeForCausalLM | None = None, settings: dict | None = None) -> "Recording":
    """One full forward pass over these tokens with END before them, by `model` in place of the loaded one."""
    model = model or loaded.model
    room = model.config.max_position_embeddings
    if not 1 <= len(token_ids) < room:
        raise ValueError(f"a text must have 1..{room - 1} tokens, got {len(token_ids)}")
    recording = Recording(loaded, settings or {})
    logits = feed(model, [model.config.eos_token_id, *token_ids], Cache(model, 1 + len(token_ids)), *watchers,
                  recording.watch)
    recording.add(list(token_ids), logits[1:])
    return recording


class Recording:
    """Collects cheaply while the model runs, and makes a RoutingTrace when asked."""

    def __init__(self, loaded: LoadedModel, settings: dict):
        self.loaded, self.settings = loaded, {"format": "fp32", "engine": "compute", "device": "CPU",
                                              "shared_expert": loaded.model.config.shared_intermediate_size > 0,
                                              **settings}
        self.token_ids: list[int] = []
        self.prompt_tokens = 0
        self.watch = Recorder()
        self.logits: list[Tensor] = []                     # each (T, V)
        self._steps: list[list[Routing]] = []              # per step, one Routing per layer
        self._candidates: list[tuple[np.ndarray, np.ndarray]] = []
        self._labels: list[tuple[str, ...]] = []           # of the candidates, one row per token

    def add(self, token_ids: list[int], logits: Tensor) -> None:
        """Take the tokens just fed; their routing is what the watcher has heard since the last call."""
        fresh = [_last(routing, len(token_ids)) for routing in self.watch.routings]  # END's row falls away
        self.watch.routings.clear()
        self._steps.append(fresh)
        self.prompt_tokens = self.prompt_tokens or len(token_ids)
        self.token_ids += token_ids
        self.logits.append(logits)

    def trace(self, stopped: str | None) -> RoutingTrace:
        """Everything so far; `stopped` says why it ends, None while it still grows."""
        layers = [Routing(*map(torch.cat, zip(*steps, strict=True))) for steps in zip(*self._steps, strict=True)]
        self._steps = [layers]  # joined once, so that a long stream stays as cheap as a short one
        # (L, T, E), (L, T, K), (L, T, K)
        logits, expert_ids, weights = (torch.stack(part) for part in zip(*layers, strict=True))
        candidate_ids, candidate_probabilities = self._candidate_rows()
        return RoutingTrace(
            model=self.loaded.name, model_hash=self.loaded.hash, settings={**self.settings, "stopped": stopped},
            token_ids=np.array(self.token_ids), phase=self._phases(),
            pieces=tuple(self.loaded.tokenizer.pieces(self.token_ids)),
            layers=tuple(range(len(layers))), logits=logits.numpy(), probabilities=logits.softmax(-1).numpy(),
            expert_ids=expert_ids.numpy(), weights=weights.float().numpy(),
            candidate_ids=candidate_ids, candidate_probabilities=candidate_probabilities,
            candidate_labels=tuple(self._labels))

    def _phases(self) -> tuple[str, ...]:
        return ("prompt",) * self.prompt_tokens + ("generated",) * (len(self.token_ids) - self.prompt_tokens)

    def _candidate_rows(self) -> tuple[np.ndarray, np.ndarray]:
        """Next-token top-10 of every position, (T, C) ids and probabilities; only new rows are computed."""
        fresh = [_best(logits) for logits in self.logits[len(self._candidates):]]
        self._candidates += fresh
        self._labels += [tuple(self.loaded.tokenizer.pieces([token])[0].label for token in row)
                         for token_ids, _ in fresh for row in token_ids.tolist()]
        token_ids, probabilities = zip(*self._candidates, strict=True)
        return np.concatenate(token_ids), np.concatenate(probabilities)


def _last(routing: Routing, rows: int) -> Routing:
    return Routing(*(part[-rows:] for part in routing)) if len(routing.logits) > rows else routing


def _best(logits: Tensor) -> tuple[np.ndarray, np.ndarray]:
    best = logits.softmax(-1).topk(min(CANDIDATES, logits.shape[-1]), -1)
    probabilities, token_ids = best.values.numpy(), best.indices.numpy()
    order = np.lexsort((token_ids, -probabilities))  # on a tie the lowest id first, as greedy generation has it
    return np.take_along_axis(token_ids, order, -1), np.take_along_axis(probabilities, order, -1)


def _damaged(parameter_files: list[Path], folder: Path) -> Path:
    """The first file that does not open as safetensors, or the config when all do."""
    from safetensors import SafetensorError, safe_open

    for file in parameter_files:
        try:
            with safe_open(file, "pt"):
                continue
        except (SafetensorError, OSError):
            return file
    return folder / "config.json"
