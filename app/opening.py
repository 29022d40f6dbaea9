"""A run from a visitor's file: read, checked, and bounded before anything is drawn of it.

It trusts nothing in the file; what does not fit becomes a Refusal.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np

from app.limits import MAX_TRACE_CELLS, MAX_TRACE_TOKENS, Refusal
from moe_core.tracing import bundle
from moe_core.tracing.trace import RoutingTrace

LONGEST_NAME = 60  # characters of a setting that is printed in a badge


def opened_run(path: str | None) -> RoutingTrace | Refusal:
    """The trace in the file, or why it is not shown."""
    try:
        trace = bundle.load(path or "")
        return _refusal(trace) or replace(trace, settings=_plain(trace.settings))
    except (ValueError, TypeError, AttributeError) as error:
        return Refusal("refuse.file", {"name": Path(path or "").name[:LONGEST_NAME], "error": _reason(error, path)})


def _refusal(trace: RoutingTrace) -> Refusal | None:
    layers, length = trace.expert_ids.shape[:2]
    if not length or not layers:
        raise ValueError("it holds no token")
    words = (trace.model, trace.model_hash, *(piece.text for piece in trace.pieces), *_candidates(trace))
    places = [place for piece in trace.pieces for place in (piece.part, piece.parts)]
    if not all(isinstance(word, str) for word in words) or not all(isinstance(place, int) for place in places):
        raise ValueError("a name or a token in it is not text")
    if not np.isfinite(trace.weights).all():
        raise ValueError("a weight in it is not a number")
    if length > MAX_TRACE_TOKENS or layers * length * trace.experts > MAX_TRACE_CELLS:
        return Refusal("refuse.file.large", {"tokens": length, "layers": layers, "experts": trace.experts,
                                             "limit": MAX_TRACE_TOKENS, "cells": MAX_TRACE_CELLS})
    return None


def _candidates(trace: RoutingTrace) -> list:
    return [label for row in trace.candidate_labels or () for label in row]


def _plain(settings: dict) -> dict:
    """Settings that a page may print or count with: short strings and numbers; a run from a file is over."""
    kept = {str(name): value[:LONGEST_NAME] if isinstance(value, str) and name != "prompt" else value
            for name, value in settings.items() if isinstance(value, str | int | float | bool)}
    return {**kept, "stopped": "end"}


def _reason(error: Exception, path: str | None) -> str:
    return str(error).removeprefix(f"{path}: ")[:200]
