"""The dials of a training run, and the runs that have a name.

Knows nothing of tensors; the dials of the model are those of MoEscopeConfig.
"""

import math
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Dials:
    """Everything that decides what a run learns, besides its corpus."""

    steps: int                        # the schedule ends here, or at `minutes` if that comes first
    minutes: float | None = None      # of wall-clock time; None = never look at the clock, so every run is repeatable
    model: dict = field(default_factory=dict)  # what differs from MoEscopeConfig's defaults
    batch_size: int = 16              # B
    length: int = 256                 # T
    learning_rate: float = 2e-3       # at its highest
    final_share: float = 0.1          # of the learning rate, at the end of the cosine
    warmup_steps: int = 100
    weight_decay: float = 0.1         # of matrices; norms have none
    clip: float = 1.0                 # largest norm of the gradient
    seed: int = 0
    precision: str = "fp32"           # of the layers' matrix products: fp32 or bf16; all else is fp32 either way
    log_every: int = 20               # steps
    validate_every: int = 100         # steps
    validation_batches: int = 4
    checkpoint_minutes: float = 5.0
    snapshots: int = 0                # parameters kept along the way, besides those before the first step

    def progress(self, step: int, seconds: float) -> float:
        """Share of the schedule that is over: by steps or by the clock, whichever is further."""
        by_clock = seconds / (60 * self.minutes) if self.minutes else 0.0
        return min(1.0, max(step / self.steps, by_clock))

    def snapshot_steps(self) -> frozenset[int]:
        """After how many steps the parameters are kept: 0, then evenly in the logarithm up to the last."""
        if not self.snapshots:
            return frozenset()
        first = math.log(min(self.steps, 8))
        stride = (math.log(self.steps) - first) / max(self.snapshots - 1, 1)
        return frozenset({0, *(round(math.exp(first + stride * index)) for index in range(self.snapshots))})

    def learning_rate_at(self, step: int, seconds: float) -> float:
        """A straight warm-up, then half a cosine down to `final_share` (Loshchilov & Hutter 2017, eq. 5)."""
        cosine = 0.5 * (1 + math.cos(math.pi * self.progress(step, seconds)))
        warmup = min(1.0, (step + 1) / self.warmup_steps)
        return self.learning_rate * warmup * (self.final_share + (1 - self.final_share) * cosine)


# Every run on the main corpus: 30 million tokens, in the same order.
MAIN = {"steps": 7330, "learning_rate": 2e-3, "warmup_steps": 150, "log_every": 10, "validate_every": 200,
        "snapshots": 14}
MAIN_MODEL = {"hidden_size": 192, "num_attention_heads": 6, "moe_intermediate_size": 160,
              "shared_intermediate_size": 160}
DENSE = {"num_experts": 0, "num_experts_per_tok": 0}

PRESETS = {
    # The shipped model, and its dense twins: as many active parameters, and as many in all.
    "main": Dials(**MAIN, model=MAIN_MODEL),
    "dense-active": Dials(**MAIN, model=MAIN_MODEL | DENSE | {"shared_intermediate_size": 3 * 160}),
    "dense-total": Dials(**MAIN, model=MAIN_MODEL | DENSE | {"shared_intermediate_size": 11 * 160}),
    # The model shipped with the first version: the default shape; on two shared cores the clock ends it.
    "first": Dials(steps=4000, minutes=38.0, learning_rate=2.5e-3),
    # The main model without its balance loss, long enough to see the experts collapse.
    "unbalanced": Dials(**MAIN | {"steps": 1000}, model=MAIN_MODEL | {"router_aux_loss_coef": 0.0}),
    # Something to look at after two minutes.
    "tiny": Dials(
        steps=400,
        minutes=2.0,
        model={"hidden_size": 64, "num_hidden_layers": 3, "moe_intermediate_size": 64, "shared_intermediate_size": 64},
        batch_size=8,
        length=128,
        learning_rate=4e-3,
        warmup_steps=40,
    ),
}
