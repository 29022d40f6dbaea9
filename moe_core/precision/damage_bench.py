"""One twin of a model that takes on plan after plan, changing only the parts that differ.

What it holds equals the planned model (moe_core.precision.plan), fitted to text first where products are given
(moe_core.precision.calibration); it is only quicker, since every part is quantised once.
"""

import copy

from torch import Tensor

from moe_core.model.causal_lm import MoEscopeForCausalLM
from moe_core.precision.calibration import Products, codes
from moe_core.precision.formats import INTEGER_FORMATS
from moe_core.precision.parts import Matrix, matrices, parts, stacks
from moe_core.precision.plan import Plan, check
from moe_core.precision.quantise import Quantised, restore, rounded


class Bench:
    """The model as it is, and its twin as planned."""

    def __init__(self, model: MoEscopeForCausalLM, known: Products | None = None):
        self.model, self.known = model, known or {}
        self.twin = copy.deepcopy(model).eval().requires_grad_(False)
        self.parts = parts(model)
        self._pairs: dict[str, list[tuple[Matrix, Tensor]]] = {part: [] for part in self.parts}
        for ours, theirs in zip(matrices(model), matrices(self.twin), strict=True):
            self._pairs[ours.part].append((ours, theirs.values))
        self._now: Plan = dict.fromkeys(self.parts, "fp32")
        self._stacks = {stack[0].parameter: stack for stack in stacks(model)}
        self._codes: dict[tuple[str, str], list[Quantised]] = {}

    def fit(self, plan: Plan) -> MoEscopeForCausalLM:
        """The twin under this plan; the next call changes it again."""
        for part, format in check(plan, self.model).items():
            if self._now[part] != format:
                for (_, theirs), numbers in zip(self._pairs[part], self.rounded(part, format), strict=True):
                    theirs.copy_(numbers)
                self._now[part] = format
        return self.twin

    def rounded(self, part: str, format: str) -> list[Tensor]:
        """The matrices of a part after they were kept in a format."""
        ours = [matrix for matrix, _ in self._pairs[part]]
        if format not in INTEGER_FORMATS:
            return [rounded(matrix.values, format) for matrix in ours]
        return [restore(self._codes_of(matrix, format), matrix.values.shape[1]) for matrix in ours]

    def _codes_of(self, matrix: Matrix, format: str) -> Quantised:
        name = matrix.parameter
        if (name, format) not in self._codes:  # as codes a matrix takes a quarter of its room or less
            self._codes[name, format] = codes(self._stacks[name], INTEGER_FORMATS[format], self.known)
        return self._codes[name, format][matrix.expert or 0]
