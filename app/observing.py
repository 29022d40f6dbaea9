"""What one visitor looks at in the tab *Experts*: which texts, which kind of token, which layer and expert."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from moe_core.tracing.trace import RoutingTrace

if TYPE_CHECKING:
    from app.views.experts_evidence import Evidence

PROBES, TEXT = "probes", "text"
KINDS = ("language", "domain", "part_of_speech", "language_and_part", "entity", "part_of_text", "script",
         "frequent_token")
PORTRAYED = KINDS[:-1]  # a portrait names a kind of token; single tokens are told under what the expert reads


@dataclass(frozen=True)
class Observing:
    """One visitor's choices; the counts are shared by all visitors who look at the same texts."""

    source: str = PROBES
    kind: str = "language_and_part"
    label: str = "zh VERB"                                    # the kind of token whose friends are sought
    layer: int = 0                                            # index into the evidence's layers
    expert: int = 0
    evidence: "Evidence | None" = None                        # None until the tab is opened
    contrast: "tuple[RoutingTrace, RoutingTrace] | None" = None  # two typed texts; None: English and Chinese probes
