"""The model behind the page: loaded in the background, shared by all visitors in fair turns.

Nothing here imports torch until `start` is called, so that the page is served first.
"""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from app import limits
from app.turns import FairTurns
from moe_core.interventions.choices import WhatIf
from moe_core.interventions.limits import Limits
from moe_core.sampling import Sampling
from moe_core.tracing.trace import RoutingTrace


class Stage(NamedTuple):
    """How far the model is: waiting, loading, ready or broken."""

    name: str
    seconds: float = 0.0
    error: str = ""


class NotReady(RuntimeError):
    """The model is still loading, or its files are damaged."""


class Engine:
    """One model folder, loaded once; generation and comparison one step at a time."""

    def __init__(self, folder: Path | str):
        self.folder = Path(folder)
        self.loaded = None
        self._error = ""
        self._began = 0.0
        self._thread: threading.Thread | None = None
        self._turns = FairTurns()
        self._starting = threading.Lock()

    @property
    def stage(self) -> Stage:
        if self.loaded is not None:
            return Stage("ready")
        if self._error:
            return Stage("broken", error=self._error)
        if self._thread is None:
            return Stage("waiting")
        return Stage("loading", seconds=time.monotonic() - self._began)

    def start(self) -> None:
        """Begin to load in the background; a second call does nothing."""
        with self._starting:
            if self._thread is None:
                self._began = time.monotonic()
                self._thread = threading.Thread(target=self._load, name="model", daemon=True)
                self._thread.start()

    def wait(self, seconds: float | None = None) -> Stage:
        """Start if need be, and come back when the model is ready or broken."""
        self.start()
        self._thread.join(seconds)
        return self.stage

    def count_tokens(self, text: str) -> int:
        return len(self._ready().tokenizer.encode(text))

    def tokens(self, text: str, trace: RoutingTrace) -> list[int]:
        """The ids of a text: those of the trace it was read from, if our model made that trace, else anew."""
        loaded = self._ready()
        if text == trace.text and trace.model_hash == loaded.hash:
            return trace.token_ids.tolist()  # what was generated need not be what the tokenizer would make of it
        return loaded.tokenizer.encode(text)

    def decode(self, token_ids) -> str:
        return self._ready().tokenizer.decode(token_ids)

    @property
    def context(self) -> int:
        """How many tokens the model can hold."""
        return self._ready().model.config.max_position_embeddings

    def stream(self, prompt: str, sampling: Sampling, stop: threading.Event) -> Iterator[RoutingTrace]:
        """The growing trace, some frames a second; ends when the text does, at `stop`, or at the deadline."""
        from moe_core.tracing.own import trace_stream

        return self._follow(trace_stream(self._ready(), prompt, sampling), stop)

    def _follow(self, steps: Iterator[RoutingTrace], stop: threading.Event) -> Iterator[RoutingTrace]:
        deadline = time.monotonic() + limits.SECONDS_PER_RUN
        trace = self._next(steps)
        while trace is not None:
            yield trace
            if stop.is_set() or time.monotonic() > deadline:
                yield _cut_short(trace, "visitor" if stop.is_set() else "deadline")
                return
            trace = self._next(steps)

    def _next(self, steps: Iterator[RoutingTrace]) -> RoutingTrace | None:
        with self._turns:  # one frame's worth of tokens, then the next visitor
            return next(steps, None)

    def compare(self, token_ids: list[int], start: int, format: str, **dials):
        """The same tokens through fp32 and through `format`; each then writes on from the first `start` of them."""
        from moe_core.precision.compare import compare

        loaded = self._ready()
        with self._turns:
            read = compare(loaded, token_ids, format, new_tokens=0, **dials)
            written = compare(loaded, token_ids[:start], format, **dials)
        return replace(read, greedy_reference=written.greedy_reference, greedy_other=written.greedy_other,
                       settings={**written.settings, "start": loaded.tokenizer.decode(token_ids[:start]),
                                 "start_tokens": start})

    def trace(self, text: str) -> RoutingTrace:
        """The text as it stands, read once."""
        from moe_core.tracing.own import trace_text

        loaded = self._ready()
        with self._turns:
            return trace_text(loaded, text)

    def regenerate(self, prompt: str, sampling: Sampling, what_if: WhatIf,
                   stop: threading.Event) -> Iterator[RoutingTrace]:
        """As stream, under a what-if."""
        from moe_core.interventions.rerun import regenerate

        return self._follow((run.trace for run in regenerate(self._ready(), prompt, sampling, what_if)), stop)

    def reread(self, text: str, what_if: WhatIf):
        """One pass over the text under a what-if: its losses and what may follow."""
        from moe_core.interventions.rerun import reread

        loaded = self._ready()
        with self._turns:
            return reread(loaded, loaded.tokenizer.encode(text), what_if)

    def why(self, token_ids: list[int], layer: int, position: int):
        """The runner-up of one token in one layer, and what it would have changed."""
        from moe_core.interventions.why import why

        loaded = self._ready()
        with self._turns:
            return why(loaded.model, token_ids, layer, position)

    def lens(self, trace: RoutingTrace, position: int):
        """What every layer would say after one token of a trace that our model made; None for another's trace."""
        from moe_core.tracing.lens import logit_lens

        loaded = self._ready()
        if trace.model_hash != loaded.hash:
            return None
        with self._turns:
            return logit_lens(loaded, trace.token_ids.tolist(), position)

    def effect(self, text: str, layer: int, bounds: Limits):
        """What is lost without each expert of one layer, over this text."""
        from moe_core.interventions.effect import effects

        loaded = self._ready()
        with self._turns:  # one layer's worth, then the next visitor
            return effects(loaded.model, [loaded.tokenizer.encode(text)], [layer], limits=bounds)

    def regret(self, text: str, layer: int, bounds: Limits):
        """Every set of experts tried for every token of this text in one layer, as tables."""
        from moe_core.interventions import hindsight
        from moe_core.interventions.regret import regrets

        loaded = self._ready()
        token_ids = loaded.tokenizer.encode(text)
        with self._turns:  # one layer's worth, then the next visitor
            found = regrets(loaded.model, [token_ids], [layer], limits=bounds)
        labels = [piece.label for piece in loaded.tokenizer.pieces(token_ids)]
        return hindsight.Hindsight(
            found.layers, hindsight.expert_table(found.tokens, found.settings["experts"], found.settings["seed"]),
            hindsight.worst_choices(found.tokens, [labels]), {**found.settings, "complete": found.complete})

    def turn(self) -> FairTurns:
        """`with engine.turn():` this visitor's turn with the model."""
        return self._turns

    def token_label(self, token_id: int) -> str:
        return self._ready().tokenizer.pieces([token_id])[0].label

    @property
    def shape(self) -> tuple[int, int]:
        """Layers and experts of the model."""
        config = self._ready().model.config
        return config.num_hidden_layers, config.num_experts

    def _ready(self):
        if self.loaded is None:
            raise NotReady(self._error or "the model is still loading")
        return self.loaded

    def _load(self) -> None:
        try:
            from moe_core.tracing.own import load_model

            self.loaded = load_model(self.folder)
        except Exception as error:  # whatever is wrong with the files, the page must live on and say so
            self._error = str(error).splitlines()[0] if str(error) else type(error).__name__


def _cut_short(trace: RoutingTrace, why: str) -> RoutingTrace:
    return replace(trace, settings={**trace.settings, "stopped": why}) if not trace.settings.get("stopped") else trace
