"""The model that ships with the page and what lies beside it: its logs, its history, its twins, recordings of it.

It reads files and knows neither torch nor words.
"""

import csv
import hashlib
import json
import os
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from moe_core.commands.arguments import EMBEDDED_MODEL
from moe_core.commands.evaluate import TWIN_ENDINGS

MODEL = Path(os.environ.get("MOESCOPE_MODEL", EMBEDDED_MODEL))
TRACES = Path(__file__).resolve().parents[1] / "assets" / "traces"
EXPORTS = TRACES / "exports.json"


def hash_of(folder: Path) -> str:
    """The first 12 hex digits of the SHA-256 of its parameter files, as recordings name a model; "" without files."""
    files = sorted(folder.glob("*.safetensors"))
    return _hash(tuple((file, file.stat().st_mtime_ns) for file in files)) if files else ""


@lru_cache(maxsize=8)
def _hash(files: tuple[tuple[Path, int], ...]) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file, _ in files)).hexdigest()[:12]


def parameter_bytes(folder: Path) -> int:
    """How large its parameter files are."""
    return sum(file.stat().st_size for file in folder.glob("*.safetensors"))


def twin_folder(name: str) -> Path | None:
    """Where the dense twin `dense_active` or `dense_total` lies; None when it does not ship."""
    folder = MODEL.with_name(MODEL.name + TWIN_ENDINGS[name])
    return folder if (folder / "config.json").is_file() else None


def config(folder: Path) -> dict:
    """Its config.json; empty when there is none that can be read."""
    return read_json(folder / "config.json") or {}


def read_json(path: Path) -> dict | None:
    """An object from a file; None when there is none that can be read."""
    with suppress(OSError, ValueError):
        found = json.loads(path.read_text(encoding="utf-8"))
        return found if isinstance(found, dict) else None
    return None


def log(folder: Path) -> list[dict[str, float]]:
    """The rows of its training_log.csv as numbers, what was not measured left out; empty when there is none."""
    with suppress(OSError, ValueError), (folder / "training_log.csv").open(newline="", encoding="utf-8") as file:
        return [{name: float(value) for name, value in row.items() if value} for row in csv.DictReader(file)]
    return []


def card_table(folder: Path, heading: str) -> list[list[str]]:
    """The rows under `heading` of the model's card, without the table's head; empty when the card has no such table."""
    with suppress(OSError, UnicodeDecodeError):
        _, _, after = (folder / "card.md").read_text(encoding="utf-8").partition(f"\n## {heading}\n")
        lines = [line.strip() for line in after.partition("\n## ")[0].splitlines() if line.startswith("|")]
        return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    return []
