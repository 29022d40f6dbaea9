"""A finished evaluation as a JSON file, so that a page can show it before any model is there.

It does not know how anything is measured, nor torch.
"""

import json
from pathlib import Path

KEYS = ("domains", "overall", "load", "mutual_information", "tasks", "settings")  # a promise to others


class RecordingError(ValueError):
    """A file that holds no evaluation; the message names it."""


def save(found: dict, path: Path) -> Path:
    """Write what `evaluate` found."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def load(path: Path) -> dict:
    """Read it back."""
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
        if missing := [key for key in KEYS if not isinstance(found.get(key), dict)]:
            raise ValueError(f"without {', '.join(missing)}")
        return found
    except OSError as error:
        raise RecordingError(f"{path} cannot be read ({error.strerror})") from None
    except (ValueError, AttributeError) as error:
        raise RecordingError(f"{path} holds no evaluation ({error})") from None
