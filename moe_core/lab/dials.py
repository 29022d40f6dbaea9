"""The dials of a live run, and what values they take.

Knows nothing of tensors, so that a page can hold them before torch is there.
"""

import math
from dataclasses import asdict, dataclass

from moe_core.lab.errors import LabError

SELECTIONS = ("softmax", "noisy", "loss_free", "expert_choice", "hash", "performance")
SHARINGS = ("none", "shared_expert", "shared_down", "low_rank", "one_bank")
FUSIONS = ("weighted", "uniform", "best", "product", "performance")
PRECISIONS = ("fp32", "bf16", "bf16_router_fp32", "fp16")
RANGES = {"experts": (2, 16), "k": (1, 16), "balance": (0.0, 1.0), "z": (0.0, 1.0), "capacity": (0.0, 4.0),
          "noise": (0.0, 4.0), "learning_rate": (1e-6, 100.0), "seed": (0, 2**32 - 1), "steps": (1, 5000),
          "width": (8, 128), "layers": (1, 6), "expert_width": (4, 128), "length": (8, 128), "batch": (1, 32),
          "vocabulary": (300, 2048), "seconds": (1.0, 600.0)}
WHOLE = ("experts", "k", "seed", "steps", "width", "layers", "expert_width", "length", "batch", "vocabulary")
NAMES = {"selection": SELECTIONS, "sharing": SHARINGS, "fusion": FUSIONS, "precision": PRECISIONS}


@dataclass(frozen=True)
class LabDials:
    """Everything that decides what a live run learns, besides its text."""

    experts: int = 10             # E
    k: int = 2                    # K
    selection: str = "softmax"
    sharing: str = "none"
    fusion: str = "weighted"
    balance: float = 0.01         # weight of the balance loss, per layer; 0 lets experts collapse
    z: float = 0.001              # weight of the router z-loss, per layer
    capacity: float = 0.0         # room of an expert, in even shares; 0 = as much as comes
    noise: float = 0.0            # standard deviation added to the router's scores in training
    learning_rate: float = 3e-3
    seed: int = 0
    precision: str = "fp32"
    steps: int = 400
    seconds: float = 120.0        # of training; the run ends at whichever comes first
    width: int = 64               # D
    layers: int = 3               # L
    expert_width: int = 64        # F
    length: int = 64              # T
    batch: int = 8                # B
    vocabulary: int = 1024        # V at most
    twin: bool = True             # train the dense twin on the same batches

    def __post_init__(self):
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            whole = name not in WHOLE or (isinstance(value, int) and not isinstance(value, bool))
            if not whole or not isinstance(value, int | float) or not math.isfinite(value) or not low <= value <= high:
                raise LabError("dial", name=name, allowed=f"{low:g}..{high:g}", value=value)
        for name, known in NAMES.items():
            if getattr(self, name) not in known:
                raise LabError("dial", name=name, allowed=", ".join(known), value=getattr(self, name))
        if self.k > self.experts:
            raise LabError("dial", name="k", allowed=f"1..{self.experts}", value=self.k)
        if self.width % 8:
            raise LabError("dial", name="width", allowed="multiples of 8", value=self.width)

    def as_json(self) -> dict:
        return asdict(self)
