"""The model of the page and its dense twins, each loaded when it is first asked, in fair turns with everything else.

It knows no components and no words.
"""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

from app import limits, shipped
from app.engine import Engine, NotReady
from moe_core.evaluation.side_by_side import Written, write_on
from moe_core.sampling import Sampling

TWINS = ("dense_active", "dense_total")
NEW_TOKENS = 48
PAUSE = 0.25  # seconds between two looks at what is being written


class Companions:
    """The engine's model, and the twins that ship beside it."""

    def __init__(self, engine: Engine | None = None):
        self.engine = engine or Engine(shipped.MODEL)
        self._loaded: dict[Path, object] = {}
        self._loading = threading.Lock()

    def names(self) -> list[str]:
        """The twins that ship."""
        return [name for name in TWINS if shipped.twin_folder(name) is not None]

    def continued(self, prompt: str, seed: int, temperature: float) -> Iterator[dict[str, Written]]:
        """Everybody's text as it grows, all from the same seed; NotReady if one cannot run."""
        sampling = Sampling(max_new_tokens=NEW_TOKENS, temperature=temperature, seed=seed)
        end = time.monotonic() + limits.SECONDS_PER_RUN
        writing = {name: write_on(self._model(name), prompt, sampling) for name in ("moe", *self.names())}
        done: dict[str, Written] = {}
        shown = time.monotonic()
        while writing and time.monotonic() < end:
            for name in list(writing):  # a token each in turn, so that a busy moment slows all of them alike
                written = self._next(writing[name])
                if written is None:
                    del writing[name]
                else:
                    done[name] = written
            if time.monotonic() - shown > PAUSE:
                shown = time.monotonic()
                yield dict(done)
        yield dict(done)

    def _next(self, steps: Iterator[Written]) -> Written | None:
        with self.engine.turn():  # one token, then the next visitor
            return next(steps, None)

    def _model(self, name: str):
        if name == "moe":
            stage = self.engine.wait()
            if stage.name != "ready":
                raise NotReady(stage.error or "the model is still loading")
            return self.engine.loaded
        from moe_core.tracing.own import ModelFilesError, load_model

        folder = shipped.twin_folder(name)
        with self._loading:
            try:
                if folder not in self._loaded:
                    self._loaded[folder] = load_model(folder)
            except (ModelFilesError, ValueError, OSError) as error:
                raise NotReady(str(error).splitlines()[0]) from error
        return self._loaded[folder]
