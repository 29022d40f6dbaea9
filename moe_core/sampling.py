"""How the next token is drawn: the visitor's dials, checked.

Knows nothing of tensors, so that the page can hold it before torch is there.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sampling:
    """Dials of one generation. Temperature 0 is greedy: the best token, the lowest id on a tie."""

    max_new_tokens: int = 60
    temperature: float = 0.0
    top_p: float = 1.0    # keep the smallest set of tokens whose probability reaches top_p
    top_k: int = 0        # keep the top_k likeliest tokens; 0 = all
    seed: int = 0

    def __post_init__(self):
        _require(isinstance(self.max_new_tokens, int) and self.max_new_tokens >= 0, "max_new_tokens", "0 or more",
                 self.max_new_tokens)
        _require(0 <= self.temperature <= 5, "temperature", "0..5", self.temperature)  # not a number fails this too
        _require(0 < self.top_p <= 1, "top_p", "above 0 and at most 1", self.top_p)
        _require(self.top_k >= 0, "top_k", "0 or more", self.top_k)
        _require(0 <= self.seed < 2**32, "seed", "0..4294967295", self.seed)


def _require(holds: bool, name: str, allowed: str, value) -> None:
    if not holds:
        raise ValueError(f"{name} must lie in {allowed}, got {value}")
