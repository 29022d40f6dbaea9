"""The files that a visitor's own device runs: made when first asked for, kept as long as the page is served.

Nothing here imports torch or onnx until a file is asked for.
"""

import atexit
import shutil
import tempfile
import threading
from collections import OrderedDict
from pathlib import Path
from typing import NamedTuple

from app.engine import Engine
from moe_core.commands.exports import optimised_plan

UNIFORM = ("fp32", "fp16", "int8", "int4")
OPTIMISED = "optimised"
TWINS_KEPT = 2  # rounded models for the server's answer


class ModelFile(NamedTuple):
    """One exported plan."""

    path: Path
    bytes: int
    shape: dict[str, int]  # what a program must know beside the file


class Answer(NamedTuple):
    """The server's own run over tokens that a device has read and written."""

    prompt_ids: list[int]              # the prompt, as this machine's tokenizer reads it
    best: list[int]                    # behind each token, the one this machine would write
    experts: list[list[list[int]]]     # (T, L, K) sorted


class Exports:
    """Every plan on offer as a folder with its model, named as a visitor keeps it, and tokenizer.json."""

    def __init__(self, engine: Engine):
        self.engine = engine
        self.folder = Path(tempfile.mkdtemp(prefix="moescope-device-"))
        atexit.register(shutil.rmtree, self.folder, ignore_errors=True)
        self._files: dict[str, ModelFile] = {}
        self._twins: OrderedDict = OrderedDict()
        self._making = threading.Lock()

    def names(self) -> list[str]:
        """The plans on offer; the optimised one only where it was made for this model."""
        return [*UNIFORM, *([OPTIMISED] if self._optimised() else [])]

    def file(self, name: str) -> ModelFile:
        """The exported plan, made now if it is not there yet."""
        from moe_core.export.onnx_plan import export_onnx, shape_of

        with self._making:
            if name not in self._files:
                loaded = self.engine.loaded
                model = self._fitted(name)
                path = export_onnx(model, loaded.tokenizer, self.plan(name), self.folder / name)
                path = path.rename(path.with_name(f"moescope-{name}.onnx"))
                self._files[name] = ModelFile(path, path.stat().st_size, shape_of(loaded.model.config))
            return self._files[name]

    def plan(self, name: str) -> dict[str, str]:
        """Part -> format; a name that is not on offer is refused."""
        from moe_core.precision.plan import uniform

        if name not in self.names():
            raise ValueError(f"plan must be one of {', '.join(self.names())}, got {name}")
        return self._optimised() if name == OPTIMISED else uniform(self.engine.loaded.model, name)

    def answer(self, name: str, prompt: str, token_ids: list[int]) -> Answer:
        """What the simulator of this plan chooses, token by token, on this machine."""
        from moe_core.export.onnx_parity import run_torch

        tokenizer, model = self.engine.loaded.tokenizer, self.engine.loaded.model
        highest, room = tokenizer.vocab_size - 1, model.config.max_position_embeddings - 1
        if not 1 <= len(token_ids) <= room or not all(type(token) is int and 0 <= token <= highest
                                                      for token in token_ids):
            raise ValueError(f"token ids must be 1..{room} whole numbers in 0..{highest}")
        twin = self._twin(name)
        with self.engine.turn():
            step = run_torch(twin, token_ids)
        experts = step.expert_ids[:, 1:].transpose(1, 0, 2)                     # (L, 1 + T, K) -> (T, L, K)
        experts.sort(-1)
        return Answer(tokenizer.encode(prompt), step.logits[1:].argmax(-1).tolist(), experts.tolist())

    def _twin(self, name: str):
        from moe_core.precision.plan import planned

        with self._making:
            if name not in self._twins:
                self._twins[name] = planned(self._fitted(name), self.plan(name))
            self._twins.move_to_end(name)
            while len(self._twins) > TWINS_KEPT:
                self._twins.popitem(last=False)
            return self._twins[name]

    def _fitted(self, name: str):
        """The model as it is exported under this plan."""
        from moe_core.precision.calibration import calibrated

        return calibrated(self.engine.loaded, self.plan(name)).model

    def _optimised(self) -> dict[str, str] | None:
        loaded = self.engine.loaded
        return optimised_plan(model_hash=loaded.hash if loaded else None)
