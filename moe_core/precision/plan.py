"""A plan: which part of the model is kept in which format.

It does not know how a plan is found, nor how it is exported.
"""

import copy
import json
from pathlib import Path

from moe_core.model.causal_lm import MoEscopeForCausalLM
from moe_core.precision.formats import matrix_bytes, storage_format_named
from moe_core.precision.parts import kind_of, matrices, parts
from moe_core.precision.quantise import rounded

Plan = dict[str, str]  # part -> format, every part of the model once

SCALE_BYTES = {"onnx": 4, "c": 2, "gguf": 2}  # onnxruntime wants fp32 scales, though each is an fp16 number


def uniform(model: MoEscopeForCausalLM, format: str, router: str | None = None) -> Plan:
    """Every part in one format; the routers in another, if one is given."""
    return {part: router if router and kind_of(part) == "router" else format for part in parts(model)}


def check(plan: Plan, model: MoEscopeForCausalLM) -> Plan:
    """The plan itself, or a ValueError that names the part or the format that is wrong."""
    known = set(parts(model))
    if unknown := sorted(set(plan) - known):
        raise ValueError(f"plan names parts that the model does not have: {', '.join(unknown[:3])}")
    if missing := sorted(known - set(plan)):
        raise ValueError(f"plan lacks {len(missing)} parts of the model: {', '.join(missing[:3])}")
    for format in plan.values():
        storage_format_named(format)
    return plan


def planned(model: MoEscopeForCausalLM, plan: Plan) -> MoEscopeForCausalLM:
    """A copy whose matrices were rounded as planned and that computes in fp32 (the storage engine)."""
    check(plan, model)
    twin = copy.deepcopy(model).eval().requires_grad_(False)
    for matrix in matrices(twin):
        if plan[matrix.part] != "fp32":
            matrix.values.copy_(rounded(matrix.values, plan[matrix.part]))
    return twin


def part_bytes(model: MoEscopeForCausalLM, part: str, format: str, layout: str = "onnx") -> int:
    """Room of one part in an exported file."""
    return sum(matrix_bytes(*matrix.values.shape, format, SCALE_BYTES[layout])
               for matrix in matrices(model) if matrix.part == part)


def plan_bytes(model: MoEscopeForCausalLM, plan: Plan, layout: str = "onnx") -> int:
    """Room of all parameters in an exported file: the parts as planned, the norms in fp32."""
    norms = sum(4 * parameter.numel() for parameter in model.parameters() if parameter.ndim == 1)
    return norms + sum(matrix_bytes(*matrix.values.shape, plan[matrix.part], SCALE_BYTES[layout])
                       for matrix in matrices(model))


def write_plan(plan: Plan, path: str | Path) -> Path:
    """One JSON object, part -> format."""
    path = Path(path)
    path.write_text(json.dumps(plan, indent=1) + "\n", encoding="utf-8")
    return path


def read_plan(path: str | Path) -> Plan:
    """The plan in a file; a ValueError names the file if it holds anything else."""
    try:
        plan = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} cannot be read as a plan: {error}") from None
    if not isinstance(plan, dict) or not all(isinstance(format, str) for format in plan.values()):
        raise ValueError(f'{path} is no plan: expected one JSON object {{"part": "format"}}')
    return plan
