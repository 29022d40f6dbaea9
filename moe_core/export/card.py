"""The verification card of an export: how large it is, and whether it does as planned wherever it can be run here.

What is not measured here is not on it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from moe_core.export.parity import Parity, Planned, parity
from moe_core.export.plan_file import NamedPlan
from moe_core.export.targets import Exported, Place, places
from moe_core.precision.plan import plan_bytes, planned
from moe_core.tracing.own import LoadedModel

TEXTS, NEW_TOKENS = 6, 64
SLOW_TEXTS = 2  # where it runs under an emulator


@dataclass(frozen=True)
class Row:
    """One place: what it gave, or why nothing."""

    place: str
    missing: str | None
    parity: Parity | None = None
    ms_per_token: float | None = None   # None = not measured
    program_bytes: int | None = None    # None = nothing was compiled

    def as_json(self) -> dict:
        """The same as a plain object."""
        return {"place": self.place, "missing": self.missing, "ms_per_token": self.ms_per_token,
                "program_bytes": self.program_bytes, "parity": self.parity and self.parity.as_json()}


def rows(target: str, loaded: LoadedModel, exported: Exported, texts: Sequence[list[int]],
         emulated: bool = True) -> list[Row]:
    """Every place, one after the other, against the planned model in torch."""
    ours = Planned(planned(exported.model, exported.plan))
    return [_row(place, ours, texts) for place in places(target, loaded, exported) if place.quick or emulated]


def _row(place: Place, ours: Planned, texts: Sequence[list[int]]) -> Row:
    if place.missing:
        return Row(place.name, place.missing)
    with TemporaryDirectory() as folder:
        runner = place.start(Path(folder))
        many = TEXTS if place.quick else SLOW_TEXTS
        found = parity(ours, runner, texts[:many], NEW_TOKENS, prompts=many)
        program = getattr(runner, "program", None)
        return Row(place.name, None, found, getattr(runner, "ms_per_token", None),
                   program and program.binary.stat().st_size)


def card(target: str, loaded: LoadedModel, asked: NamedPlan, exported: Exported, found: list[Row]) -> dict:
    """The whole card; its keys are a promise to other programs. The parity on top is the first place's that ran."""
    first = next((row.parity for row in found if row.parity), None)
    raised = {part: {"asked": format, "written": exported.plan[part]} for part, format in asked.plan.items()
              if exported.plan[part] != format}
    same_model = asked.model_hash in (None, loaded.hash)
    return {
        "to": target, "model": loaded.name, "model_hash": loaded.hash, "plan": asked.name,
        "bytes": exported.file.stat().st_size, "parameter_bytes": plan_bytes(loaded.model, exported.plan, target),
        "files": [file.name for file in exported.files], "raised": raised,
        "parity": first and first.as_json(),
        "gate": asked.gate if same_model and not raised else None,
        "third_split": asked.third_split if same_model and not raised else None,
        "devices": [row.as_json() for row in found],
    }
