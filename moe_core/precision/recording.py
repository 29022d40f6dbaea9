"""What formats do to the probe texts as one small JSON file, so that a page can show it before any model is there.

It does not know how that is measured, nor torch.
"""

import json
import math
from pathlib import Path
from typing import NamedTuple

import pandas as pd

SETTINGS = ("format", "engine", "routers", "replay")  # of every row; the rest are the columns of a report
KEYS = (*SETTINGS, "texts", "tokens", "resampled", "mean_kl", "mean_kl_low", "mean_kl_high", "median_kl",
        "median_kl_low", "median_kl_high", "kl_99", "kl_99_low", "kl_99_high", "same_top1", "same_top1_low",
        "same_top1_high", "delta_perplexity", "delta_perplexity_low", "delta_perplexity_high", "any_flips",
        "any_flips_low", "any_flips_high", "max_kl", "flips_per_layer", "overflows", "kl_in_flipped")


class RecordingError(ValueError):
    """A file that holds no report; the message names it."""


class Recorded(NamedTuple):
    """What a file holds."""

    table: pd.DataFrame  # one row per format, engine, routers and replay
    settings: dict       # model, model_hash, text, texts, tokens, device, seconds


def plain(row: dict) -> dict:
    """A row as JSON can hold it: what is no finite number is null."""
    return {name: None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in row.items()}


def save(table: pd.DataFrame, settings: dict, path: Path) -> Path:
    """Write the rows of a report and what they were measured on."""
    rows = ",\n".join(json.dumps(plain(row)) for row in table.to_dict("records"))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'{{"settings": {json.dumps(settings, ensure_ascii=False)}, "rows": [\n{rows}\n]}}\n', "utf-8")
    return path


def load(path: Path) -> Recorded:
    """Read it back; what was null is NaN again."""
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
        numbers = {name: float for name in KEYS if name.endswith(("_low", "_high", "_kl", "_99", "perplexity"))}
        table = pd.DataFrame(found["rows"])[list(KEYS)].astype(numbers)
        return Recorded(table, dict(found["settings"]))
    except OSError as error:
        raise RecordingError(f"{path} cannot be read ({error.strerror})") from None
    except (ValueError, KeyError, TypeError) as error:
        raise RecordingError(f"{path} holds no report of formats ({error})") from None
