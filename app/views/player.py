"""The routing of a trace as the player wants it: small enough to send, exact enough to draw.

While a run grows only its newest tokens travel, with a count of what came before them.
"""

import base64
import hashlib
import time

import numpy as np

from app.session import Session
from app.words import say
from moe_core.tracing import bundle
from moe_core.tracing.trace import RoutingTrace

MOVING = ("gates", "path", "load")  # panels that move
NEWEST = 24                         # tokens sent of a run that grows; as many rows as the moving heatmap has
MOST_DECISIONS = 60_000             # layers × tokens × experts per token that are still small enough to send


def player_value(session: Session, live: bool = False, follow: int | None = None) -> dict | None:
    """All tokens of a finished run, the newest of a growing one; `follow` is a token the visitor stays with."""
    trace = session.trace
    length = len(trace.token_ids)
    if not length or (not live and trace.expert_ids.size > MOST_DECISIONS):
        return None
    start = max(0, length - NEWEST) if live else 0
    return {"live": live, "follow": follow, "start": start, "words": player_words(session),
            **packed(trace, session.layer, start, session.quantity)}


def packed(trace: RoutingTrace, layer: int, start: int = 0, quantity: str = "probability") -> dict:
    """Everything from position `start` on, and how often each expert was chosen before."""
    layers, length, per_token = trace.expert_ids.shape
    ids, weights = trace.expert_ids[:, start:], trace.weights[:, start:]
    known = trace.probabilities is not None
    return {
        "key": hashlib.sha256(trace.token_ids.tobytes() + trace.model_hash.encode()).hexdigest()[:12],
        "layers": layers, "experts": trace.experts, "k": per_token, "length": length - start, "layer": layer,
        "labels": [piece.label.strip() or piece.label for piece in trace.pieces[start:]],
        "ids": _pack(ids, np.uint16), "weights": _pack(weights, np.float32), "before": _pack(_before(trace, start)),
        "chosen": _share(np.take_along_axis(trace.probabilities[:, start:], ids, 2)) if known else None,
        "quantity": quantity, "gates": _share(_cells(trace, layer, quantity)[start:]) if known else None,
    }


def player_words(session: Session) -> dict:
    """Names of the buttons, and the titles and captions of the figures while they move."""
    def speak(key: str, **values) -> str:
        return say(session.language, key, **values)

    layer, experts = session.trace.layers[session.layer], session.trace.experts
    later = {name: f"{{{name}}}" for name in ("token", "position", "n", "total")}  # the browser fills these in
    fixed = {"layer": layer, "layers": len(session.trace.layers), "chance": f"{1 / experts:.1%}",
             "k": session.trace.experts_per_token, **later}
    names = ("group", "back", "play", "pause", "on", "position", "speed", "save")
    return {**{name: speak(f"player.{name}") for name in names},
            **{name: speak(f"player.{name}", **fixed, speed="{speed}") for name in ("told", "rate")},
            "panels": {panel: {"title": speak(f"{panel}.title", **fixed),
                               "caption": speak(f"player.moving.{panel}", **fixed)} for panel in MOVING}}


def run_file(trace: RoutingTrace) -> dict:
    """The whole run as a file that opens with no model; `serial` makes the same run asked for twice two downloads."""
    return {"name": "moescope-run.trace.json", "text": bundle.dumps(trace), "serial": time.monotonic_ns()}


def _cells(trace: RoutingTrace, layer: int, quantity: str) -> np.ndarray:
    """(T, E) what the heatmap of one layer shows."""
    if quantity != "weight":
        return trace.probabilities[layer]
    weights = np.zeros_like(trace.probabilities[layer])
    np.put_along_axis(weights, trace.expert_ids[layer], trace.weights[layer], axis=1)
    return weights


def _before(trace: RoutingTrace, start: int) -> np.ndarray:
    counts = np.zeros((len(trace.layers), trace.experts), np.uint16)
    for row, (ids, weights) in enumerate(zip(trace.expert_ids[:, :start], trace.weights[:, :start], strict=True)):
        counts[row] = np.bincount(ids[weights > 0], minlength=trace.experts)
    return counts


def _share(values: np.ndarray) -> str:
    return _pack(np.rint(np.clip(np.nan_to_num(values), 0, 1) * 65535), np.uint16)


def _pack(values: np.ndarray, dtype: type = np.uint16) -> str:
    return base64.b64encode(np.ascontiguousarray(values, np.dtype(dtype).newbyteorder("<")).tobytes()).decode()
