"""What the routers' own precision is worth: all short, routers kept in fp32, or only the routers short.

Knows nothing of texts.
"""

from collections.abc import Iterator

from moe_core.precision.compare import Reference
from moe_core.precision.formats import ROUTERS
from moe_core.precision.parts import kind_of, parts
from moe_core.precision.plan import part_bytes
from moe_core.precision.report import Asked, formats_of, report_steps
from moe_core.precision.steps import Step
from moe_core.tracing.own import LoadedModel


def router_steps(loaded: LoadedModel, token_ids: list[int], engine: str) -> Iterator[Step]:
    """The rows of report_steps for every format and treatment of the routers, with `saved`, `share`.

    saved: bytes that routers in the format are shorter than in fp32. share: the routers' part of all parameters.
    """
    formats = formats_of(engine)
    asked = [Asked(format, engine, routers) for format in formats for routers in ROUTERS]
    saved = {format: router_bytes(loaded, "fp32") - router_bytes(loaded, format) for format in formats}
    share = router_bytes(loaded, "fp32") / 4 / loaded.model.num_parameters()
    for step in report_steps([Reference(loaded, token_ids)], asked):
        yield step._replace(table=step.table.assign(saved=step.table["format"].map(saved), share=share))


def router_bytes(loaded: LoadedModel, format: str) -> int:
    """Room of all routers in a file."""
    return sum(part_bytes(loaded.model, part, format, "c") for part in parts(loaded.model) if kind_of(part) == "router")
