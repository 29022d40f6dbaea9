"""A measured effect as one small JSON file, so that a page can show it before any model is there.

It does not know how effects are measured, nor torch.
"""

import json
from pathlib import Path
from typing import NamedTuple

import pandas as pd

KEYS = ("layer", "expert", "delta_nats", "low", "high", "control_low", "control_high", "n")  # a promise to others
SCOPES = {"rows": "all", "rows_chosen": "chosen"}  # name in the file -> scope in the table


class RecordingError(ValueError):
    """A file that holds no measured effect; the message names it."""


class Recorded(NamedTuple):
    """What a file holds."""

    table: pd.DataFrame  # the table `effect` of both scopes
    settings: dict       # model, model_hash, text, texts, tokens, loss, seed, resampled, seconds, format, device


def save(result: dict, path: Path) -> Path:
    """Write what the command `effect` found, its two lists of rows and its settings."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def load(path: Path) -> Recorded:
    """Read it back; what was null is NaN again."""
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
        parts = [pd.DataFrame(found[name], columns=list(KEYS)).astype(float).assign(scope=scope)
                 for name, scope in SCOPES.items()]
        table = pd.concat(parts, ignore_index=True).astype({"layer": int, "expert": int, "n": int})
        return Recorded(table, dict(found["settings"]))
    except OSError as error:
        raise RecordingError(f"{path} cannot be read ({error.strerror})") from None
    except (ValueError, KeyError, TypeError) as error:
        raise RecordingError(f"{path} holds no measured effect ({error})") from None
