"""The routing of a trace as the player wants it: small enough to send, exact enough to draw.

While a run grows mostly its newest tokens travel, with a count of what came before them; now and then all do.
"""

import base64
import hashlib
import time

import numpy as np

from app.session import Session
from app.views import prompt as views
from app.views.panel import told
from app.views.strip import HESITATES_BELOW, continues_word
from app.words import say
from moe_core.tables import margins
from moe_core.tracing import bundle
from moe_core.tracing.trace import RoutingTrace

MOVING = ("gates", "path", "load")  # panels that move
NEWEST = 24                         # tokens sent of a run that grows; as many rows as the moving heatmap has
WHOLE_EVERY = 16                    # tokens after which a run that grows is sent whole again
MOST_DECISIONS = 60_000             # layers × tokens × experts per token that are still small enough to send
MOST_CELLS = 32_000                 # layers × tokens × experts; of a larger run the gates of one layer are sent
LATER = ("token", "position", "n", "total", "layer", "route", "top", "top_count")  # what the browser fills in


def player_value(session: Session, live: bool = False, whole: bool = False, closing: bool = False) -> dict | None:
    """All tokens of a finished run, mostly the newest of a growing one; None where a run is too large to send.

    A run that is `closing` has all its tokens, but the figures that the server alone draws are still to come.
    """
    trace = session.trace
    if not len(trace.token_ids) or (not live and trace.expert_ids.size > MOST_DECISIONS):
        return None
    length = len(trace.token_ids)
    start = 0 if whole or not live or length % WHOLE_EVERY == 0 else max(0, length - NEWEST)
    return {"live": live, "closing": closing, "start": start, "position": session.position,
            "words": player_words(session), "quantity": session.quantity, **packed(trace, session.layer, start)}


def packed(trace: RoutingTrace, layer: int, start: int = 0) -> dict:
    """Everything from position `start` on, and how often each expert was chosen before."""
    layers, length, per_token = trace.expert_ids.shape
    ids, weights = trace.expert_ids[:, start:], trace.weights[:, start:]
    known, every = trace.probabilities is not None, (length - start) * layers * trace.experts <= MOST_CELLS
    gates = trace.probabilities[slice(None) if every else slice(layer, layer + 1), start:] if known else None
    return {
        "key": hashlib.sha256(trace.token_ids.tobytes() + trace.model_hash.encode()).hexdigest()[:12],
        "layers": layers, "experts": trace.experts, "k": per_token, "length": length - start, "layer": layer,
        "names": list(trace.layers), "prompt": trace.phase.count("prompt"),
        "labels": [piece.label.strip() or piece.label for piece in trace.pieces[start:]],
        "joined": [at for at in range(max(start, 1), length) if continues_word(trace, at)],
        "ids": _pack(ids, np.uint16), "weights": _pack(weights, np.float32), "before": _pack(_before(trace, start)),
        "hesitates": _pack(np.packbits(margins(trace)[:, start:] < HESITATES_BELOW), np.uint8),
        "every": every, "gates": _share(gates) if known else None,
        "chosen": _share(np.take_along_axis(trace.probabilities[:, start:], ids, 2)) if known and not every else None,
    }


def player_words(session: Session) -> dict:
    """Names of the buttons, what the strip says of a token, and the sentences of the figures while they move."""
    def speak(key: str, **values) -> str:
        return say(session.language, key, **values)

    names = ("group", "back", "play", "pause", "on", "position", "speed", "save")
    phases = {phase: speak(f"phase.{phase}") for phase in ("prompt", "generated")}
    return {**{name: speak(f"player.{name}") for name in names}, **_sentences(session),
            **{name: speak(f"player.{name}", n="{n}", total="{total}", speed="{speed}") for name in ("told", "rate")},
            "token": speak("strip.token"), "hesitates": speak("strip.hesitates"), "phases": phases,
            "legend": speak("strip.legend")}


def run_file(trace: RoutingTrace) -> dict:
    """The whole run as a file that opens with no model; `serial` makes the same run asked for twice two downloads."""
    return {"name": "moescope-run.trace.json", "text": bundle.dumps(trace), "serial": time.monotonic_ns()}


def _sentences(session: Session) -> dict:
    """What the panels say: `panels` while the run plays, `rest` of the token and the layer that are looked at."""
    later = {name: f"{{{name}}}" for name in LATER}
    at_rest = views.facts(session) | later | {"n": len(session.trace.token_ids)} | views.of_gates(session)
    playing, badge = views.facts(session) | later, views.badge(session)
    return {
        "panels": {name: {"title": say(session.language, f"{name}.title", **playing), "badge": badge,
                          "caption": say(session.language, f"player.moving.{name}", **playing)} for name in MOVING},
        "rest": {name: {**told(name, session.language, at_rest), "badge": badge} for name in MOVING if name != "load"}}


def _before(trace: RoutingTrace, start: int) -> np.ndarray:
    counts = np.zeros((len(trace.layers), trace.experts), np.uint16)
    for row, (ids, weights) in enumerate(zip(trace.expert_ids[:, :start], trace.weights[:, :start], strict=True)):
        counts[row] = np.bincount(ids[weights > 0], minlength=trace.experts)
    return counts


def _share(values: np.ndarray) -> str:
    return _pack(np.rint(np.clip(np.nan_to_num(values), 0, 1) * 65535), np.uint16)


def _pack(values: np.ndarray, dtype: type = np.uint16) -> str:
    return base64.b64encode(np.ascontiguousarray(values, np.dtype(dtype).newbyteorder("<")).tobytes()).decode()
