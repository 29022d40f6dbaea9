"""What one visitor looks at in the tab *Precision* beside the comparison itself."""

from dataclasses import dataclass

TEXT, PROBES = "text", "probes"
TEMPERATURES = (0.0, 0.7, 1.0)  # of the twins: 0 = greedy
MOST_WATTS = 1000.0
LAST_POWER = 16                    # of two, on the slider of the same-function rescaling


@dataclass(frozen=True)
class Shortening:
    """One visitor's choices; what was measured is shared by all who ask the same question."""

    source: str = TEXT                       # whose numbers the table of formats shows
    sections: frozenset[str] = frozenset()   # which of them are open
    temperature: float = 0.0                 # of the twins
    seed: int = 0                            # of their luck
    power: int = 0                           # of the same-function rescaling
    watts: float | None = None               # of the visitor's board
