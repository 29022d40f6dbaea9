"""A trace as one JSON file, NAME.trace.json, that replays with no model and survives any exact reading.

It does not know who recorded the trace. Arrays keep every bit: base64 of little-endian numbers with dtype and shape.
"""

import base64
import hashlib
import json
from pathlib import Path

import numpy as np

from moe_core.pieces import Piece
from moe_core.tracing.trace import DTYPES, RoutingTrace

FORMAT = "moescope-trace"
VERSION = 1
STORED = {np.float32: "<f4", np.int64: "<i4"}  # token and expert ids fit into 32 bits


class BundleError(ValueError):
    """A trace file that cannot be trusted; the message names the file and says why."""


def save(trace: RoutingTrace, path: str | Path) -> Path:
    """Write the trace to `path` and return it."""
    path = Path(path)
    path.write_text(dumps(trace), encoding="utf-8")
    return path


def load(path: str | Path) -> RoutingTrace:
    """Read a trace back, or say in one BundleError which file is wrong and why."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BundleError(f"{path}: cannot be read ({error})") from error
    return loads(text, str(path))


def dumps(trace: RoutingTrace) -> str:
    """The whole file as text."""
    body = {
        "model": trace.model, "model_hash": trace.model_hash, "layers": list(trace.layers),
        "pieces": [list(piece) for piece in trace.pieces], "phase": list(trace.phase),
        "candidate_labels": trace.candidate_labels, "settings": trace.settings,
        "arrays": {name: _pack(getattr(trace, name), dtype) for name, dtype in DTYPES.items()},
    }
    return json.dumps({"format": FORMAT, "version": VERSION, "sha256": _fingerprint(body), "trace": body})


def loads(text: str, name: str) -> RoutingTrace:
    """The trace in `text`; `name` is what an error calls the file."""
    try:
        return _unpack_trace(_checked_body(json.loads(text)))
    except BundleError as error:
        raise BundleError(f"{name}: {error}") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BundleError(f"{name}: not a whole trace file ({type(error).__name__}: {error})") from error


def _checked_body(file: dict) -> dict:
    if not isinstance(file, dict) or file.get("format") != FORMAT:
        raise BundleError(f"not a {FORMAT} file")
    if file["version"] != VERSION:
        raise BundleError(f"version must be {VERSION}, got {file['version']}")
    if file["sha256"] != _fingerprint(file["trace"]):
        raise BundleError("damaged: its content does not match its checksum")
    return file["trace"]


def _unpack_trace(body: dict) -> RoutingTrace:
    labels = body["candidate_labels"]
    return RoutingTrace(
        model=body["model"], model_hash=body["model_hash"], layers=tuple(body["layers"]),
        pieces=tuple(Piece(*piece) for piece in body["pieces"]), phase=tuple(body["phase"]),
        candidate_labels=None if labels is None else tuple(map(tuple, labels)), settings=body["settings"],
        **{name: _unpack(body["arrays"][name]) for name in DTYPES},
    )


def _pack(array: np.ndarray | None, dtype: type) -> dict | None:
    if array is None:
        return None
    stored = array.astype(STORED[dtype])
    return {"dtype": STORED[dtype], "shape": list(array.shape), "data": base64.b64encode(stored.tobytes()).decode()}


def _unpack(packed: dict | None) -> np.ndarray | None:
    if packed is None:
        return None
    if packed["dtype"] not in STORED.values():
        raise ValueError(f"dtype must be one of {sorted(STORED.values())}, got {packed['dtype']!r}")
    return np.frombuffer(base64.b64decode(packed["data"], validate=True), packed["dtype"]).reshape(packed["shape"])


def _fingerprint(body: dict) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
