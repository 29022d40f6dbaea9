"""A plan as a visitor names it: one format for all, a plan file, or a file that the search for a plan has left.

What such a search measured (the gate, the third split) travels with the export. It knows no exporter.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from moe_core.model.causal_lm import MoEscopeForCausalLM
from moe_core.precision.formats import STORAGE_FORMATS
from moe_core.precision.plan import Plan, check, read_plan, uniform
from moe_core.precision.search_found import load

MEASURED = ("delta_perplexity", "low", "upper", "tolerance", "passed")  # the gate, as `budget --json` prints it


@dataclass(frozen=True)
class NamedPlan:
    """A plan, and what was measured on it before; None = the file does not say."""

    name: str
    plan: Plan
    gate: dict | None = None
    third_split: dict | None = None
    model_hash: str | None = None  # of the model that this was measured on


def named_plan(name: str, model: MoEscopeForCausalLM) -> NamedPlan:
    """The plan called fp32, fp16, ..., or in the file of this name."""
    if name in STORAGE_FORMATS:
        return NamedPlan(name, uniform(model, name))
    path = Path(name)
    if not path.is_file():
        raise ValueError(f"--plan must be one of {', '.join(STORAGE_FORMATS)} or a plan file, got {name}")
    found = _object_in(path)
    if not isinstance(found.get("plan"), dict):
        return NamedPlan(path.stem, check(read_plan(path), model))
    if "points" in found:  # what `budget --record` keeps
        kept = load(path)
        found = {**kept.chosen, "plan": kept.plan, "third_split": kept.settings["third"],
                 "delta_perplexity": kept.chosen["delta"], **kept.settings}
    gate = {key: found[key] for key in MEASURED if key in found}
    return NamedPlan(path.stem, check(found["plan"], model), gate or None, found.get("third_split"),
                     found.get("model_hash"))


def _object_in(path: Path) -> dict:
    """The last line that is an object, or the whole file: `budget --json` may have printed a table above it."""
    text = path.read_text(encoding="utf-8", errors="replace").strip()
    for candidate in (text, text.rpartition("\n")[2]):
        try:
            found = json.loads(candidate)
        except ValueError:
            continue
        if isinstance(found, dict):
            return found
    raise ValueError(f"{path} cannot be read as a plan: it holds no JSON object")
