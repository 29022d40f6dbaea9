"""RoutingTrace: what every router decided for every token of one text.

It does not know who recorded it: our model, any other model, or a file.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from moe_core.pieces import Piece

PHASES = ("prompt", "generated")
BY_POSITION = ("token_ids", "candidate_ids", "candidate_probabilities")  # arrays whose first axis is T
BY_LAYER = ("logits", "probabilities", "expert_ids", "weights")          # arrays that begin with (L, T)
DTYPES = {"token_ids": np.int64, "expert_ids": np.int64, "weights": np.float32,
          "logits": np.float32, "probabilities": np.float32,
          "candidate_ids": np.int64, "candidate_probabilities": np.float32}


@dataclass(frozen=True, eq=False)
class RoutingTrace:
    """Every router's decision, token by token; row 0 is the first visible token."""

    model: str
    model_hash: str
    token_ids: np.ndarray             # (T,)
    pieces: tuple[Piece, ...]         # (T,)
    phase: tuple[str, ...]            # (T,)       "prompt" or "generated"
    layers: tuple[int, ...]           # (L,)       numbers of the layers that have a router
    logits: np.ndarray | None         # (L, T, E)  raw scores; None where only ids are known
    probabilities: np.ndarray | None  # (L, T, E)  softmax over all experts
    expert_ids: np.ndarray            # (L, T, K)  the chosen experts, best first
    weights: np.ndarray               # (L, T, K)  how much each counted, as really applied
    candidate_ids: np.ndarray | None = None                       # (T, C)  likeliest next tokens, best first
    candidate_probabilities: np.ndarray | None = None             # (T, C)
    candidate_labels: tuple[tuple[str, ...], ...] | None = None   # (T, C)
    settings: dict = field(default_factory=dict)

    def __post_init__(self):
        for name, dtype in DTYPES.items():
            if getattr(self, name) is not None:
                object.__setattr__(self, name, np.asarray(getattr(self, name), dtype))
        for name in ("pieces", "phase", "layers"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        _check_positions(self)
        _check_layers(self)
        _check_candidates(self)

    @property
    def experts(self) -> int:
        """E, how many experts each router chooses among."""
        scores = self.logits if self.logits is not None else self.probabilities
        return scores.shape[2] if scores is not None else int(self.settings["experts"])

    @property
    def experts_per_token(self) -> int:
        """K, how many experts each token gets."""
        return self.expert_ids.shape[2]

    @property
    def text(self) -> str:
        """What the pieces say; a character counts once, when its last token has come."""
        return "".join(piece.text for piece in self.pieces if piece.part == piece.parts)

    def upto(self, length: int) -> "RoutingTrace":
        """The trace as it was when only the first `length` tokens were there."""
        if not 0 <= length <= len(self.token_ids):
            raise ValueError(f"length must lie in 0..{len(self.token_ids)}, got {length}")
        short = {name: _first(getattr(self, name), length) for name in (*BY_POSITION, "pieces", "phase")}
        short |= {name: None if getattr(self, name) is None else getattr(self, name)[:, :length] for name in BY_LAYER}
        return replace(self, **short, candidate_labels=_first(self.candidate_labels, length))


def _first(rows: Sequence | None, length: int) -> Sequence | None:
    return None if rows is None else rows[:length]


def _require(name: str, got: tuple, wanted: tuple) -> None:
    if got != wanted:
        raise ValueError(f"{name} must have shape {wanted}, got {got}")


def _check_positions(trace: RoutingTrace) -> None:
    if trace.token_ids.ndim != 1:
        raise ValueError(f"token_ids must have one axis (T,), got shape {trace.token_ids.shape}")
    length = len(trace.token_ids)
    _require("pieces", (len(trace.pieces),), (length,))
    _require("phase", (len(trace.phase),), (length,))
    for phase in set(trace.phase) - set(PHASES):
        raise ValueError(f"phase must be one of {PHASES}, got {phase!r}")


def _check_layers(trace: RoutingTrace) -> None:
    if trace.expert_ids.ndim != 3:
        raise ValueError(f"expert_ids must have three axes (L, T, K), got shape {trace.expert_ids.shape}")
    layers_and_positions = (len(trace.layers), len(trace.token_ids))
    _require("expert_ids", trace.expert_ids.shape, (*layers_and_positions, trace.experts_per_token))
    _require("weights", trace.weights.shape, trace.expert_ids.shape)
    if len(set(trace.layers)) < len(trace.layers):
        raise ValueError(f"layers must be distinct numbers, got {trace.layers}")
    if trace.logits is None and trace.probabilities is None and "experts" not in trace.settings:
        raise ValueError("a trace without logits and probabilities must say settings['experts']")
    for name in ("logits", "probabilities"):
        scores = getattr(trace, name)
        if scores is not None:
            _require(name, scores.shape, (*layers_and_positions, trace.experts if scores.ndim == 3 else "E"))
    _check_expert_numbers(trace)


def _check_expert_numbers(trace: RoutingTrace) -> None:
    ids = trace.expert_ids
    if not 1 <= trace.experts_per_token <= trace.experts:
        raise ValueError(f"experts per token must lie in 1..{trace.experts}, got {trace.experts_per_token}")
    if ids.size and not 0 <= ids.min() <= ids.max() < trace.experts:
        raise ValueError(f"expert_ids must lie in 0..{trace.experts - 1}, got {ids.min()}..{ids.max()}")


def _check_candidates(trace: RoutingTrace) -> None:
    ids, probabilities, labels = trace.candidate_ids, trace.candidate_probabilities, trace.candidate_labels
    if (ids is None) != (probabilities is None):
        raise ValueError("candidate_ids and candidate_probabilities must be given together, got only one")
    if ids is None:
        return
    if ids.ndim != 2 or len(ids) != len(trace.token_ids):
        raise ValueError(f"candidate_ids must have shape ({len(trace.token_ids)}, C), got {ids.shape}")
    _require("candidate_probabilities", probabilities.shape, ids.shape)
    if labels is not None and [len(row) for row in labels] != [ids.shape[1]] * len(ids):
        raise ValueError(f"candidate_labels must have {len(ids)} rows of {ids.shape[1]}, got {len(labels)} rows "
                         f"of {sorted({len(row) for row in labels})}")
