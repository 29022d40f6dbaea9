"""How the routing settled during training, as one small JSON file that needs no model and no torch.

It does not know how snapshots are traced; snapshots.py does.
"""

import json
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from moe_core.tracing.corpus import CorpusError

FORMAT, VERSION = "moescope-settling", 2
NEEDED = {"saturation": {"step", "layer", "share", "low", "high", "chance", "tokens"},
          "balance": {"step", "layer", "max_violation", "chance", "high", "idle", "tokens"},
          "load": {"step", "layer", "expert", "share", "low", "high", "chance"},
          "languages": {"step", "layer", "label", "expert", "share", "low", "high", "chance"},
          "information": {"step", "layer", "bits", "chance", "high", "label_bits", "tokens"}}
TABLES = tuple(NEEDED)
MAY_BE_EMPTY = ("languages", "information")  # of texts in one language there is nothing to tell


class Settling(NamedTuple):
    """What a file holds."""

    saturation: pd.DataFrame  # step, layer, share, low, high, chance, tokens
    balance: pd.DataFrame     # step and the columns of balance_table
    load: pd.DataFrame        # step and the columns of load_table
    languages: pd.DataFrame   # step and the columns of specialisation_table by language
    information: pd.DataFrame  # step and the columns of mutual_information_table by language
    settings: dict            # model, model_hash, steps, tokens, texts, experts, k


def save(found: Settling, path: Path) -> Path:
    """Write all tables, numbers to six digits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    body = {"format": FORMAT, "version": VERSION, "settings": found.settings,
            **{name: {column: list(map(_short, values)) for column, values in
                      getattr(found, name).filter(sorted(NEEDED[name])).to_dict("list").items()} for name in TABLES}}
    path.write_text(json.dumps(body, separators=(",", ":")) + "\n", encoding="utf-8")
    return path


def load(path: Path) -> Settling:
    """Read it back, or say which file is wrong and why."""
    try:
        body = json.loads(Path(path).read_text(encoding="utf-8"))
        if (body["format"], body["version"]) != (FORMAT, VERSION):
            raise ValueError(f"must be {FORMAT} version {VERSION}, got {body['format']} version {body['version']}")
        tables = {name: pd.DataFrame(body[name]) for name in TABLES}
        for name, table in tables.items():
            if (table.empty and name not in MAY_BE_EMPTY) or NEEDED[name] - set(table):
                raise ValueError(f"{name} lacks {', '.join(sorted(NEEDED[name] - set(table))) or 'rows'}")
        return Settling(**tables, settings=dict(body["settings"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CorpusError(f"{path}: no recorded snapshots ({type(error).__name__}: {error})") from error


def _short(value):
    return round(value, 6) if isinstance(value, float) else value
