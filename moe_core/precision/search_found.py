"""What a search for a plan found, as tables without tensors, and as one JSON file for the page.

It does not know how anything was found.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

FILE, TOUCHED = "file", "touched"  # kinds of size: bytes in the file, bytes touched per token
POINT = ("name", "family", "bytes", "touched", "delta", "low", "upper", "kl", "top1", "flips", "passed")
PART = ("part", "kind", "layer", "expert", "format", "bits", "bytes", "load", "sensitivity")
PART_DAMAGE = ("part", "format", "bytes", "kl", "delta", "low", "upper")  # this part alone in the format
CULPRIT = ("direction", "format", "part", "position", "parts", "tried")
TABLES = {"points": POINT, "parts": PART, "damages": PART_DAMAGE, "culprits": CULPRIT}
CHOSEN, ILP = "chosen", "ilp"       # families of points beside those of baselines.py
BEFORE, AFTER = "before", "after"   # directions of the bisector: what lies before, or after, is low


class FoundFileError(ValueError):
    """A file that holds no search; the message names it."""


def _empty(columns: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame({column: [] for column in columns})


@dataclass(frozen=True, eq=False)
class Found:
    """A plan, everything that was measured on the way to it, and on what."""

    plan: dict[str, str]
    points: pd.DataFrame = field(default_factory=lambda: _empty(POINT))
    parts: pd.DataFrame = field(default_factory=lambda: _empty(PART))
    damages: pd.DataFrame = field(default_factory=lambda: _empty(PART_DAMAGE))
    culprits: pd.DataFrame = field(default_factory=lambda: _empty(CULPRIT))
    settings: dict = field(default_factory=dict)

    @property
    def chosen(self) -> dict:
        """The row of the plan itself among the points."""
        return self.points[self.points["family"] == CHOSEN].iloc[-1].to_dict()

    @property
    def smallest_uniform(self) -> dict | None:
        """The row of the smallest uniform format that passes; None when none does."""
        passing = self.points[(self.points["family"] == "uniform") & self.points["passed"].astype(bool)]
        return None if passing.empty else passing.loc[passing["bytes"].idxmin()].to_dict()


def save(found: Found, path: str | Path) -> Path:
    """Write it; what is not known becomes null."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    tables = {name: _records(getattr(found, name)) for name in TABLES}
    path.write_text(json.dumps({"plan": found.plan, "settings": found.settings, **tables}, ensure_ascii=False,
                               allow_nan=False) + "\n", encoding="utf-8")
    return path


def load(path: str | Path) -> Found:
    """Read it back; what was null is NaN again."""
    try:
        read = json.loads(Path(path).read_text(encoding="utf-8"))
        tables = {name: pd.DataFrame(read[name], columns=list(columns)) for name, columns in TABLES.items()}
        for table in tables.values():
            for column in table.columns.intersection(["kl", "delta", "low", "upper", "load", "layer", "expert"]):
                table[column] = table[column].astype(float)
        return Found(dict(read["plan"]), **tables, settings=dict(read["settings"]))
    except OSError as error:
        raise FoundFileError(f"{path} cannot be read ({error.strerror})") from None
    except (ValueError, KeyError, TypeError) as error:
        raise FoundFileError(f"{path} holds no search for a plan ({error})") from None


def _records(table: pd.DataFrame) -> list[dict]:
    rounded = table.copy()
    for column in rounded.select_dtypes("float"):
        rounded[column] = [float(f"{value:.6g}") for value in rounded[column]]
    return rounded.astype(object).where(rounded.notna(), None).to_dict("records")
