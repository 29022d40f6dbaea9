"""The training log: one CSV row every few steps, columns as DESIGN names them.

Knows nothing of how the numbers came about.
"""

import csv
import os
from pathlib import Path

DOMAIN_COLUMNS = ["step", "domain", "loss"]               # nats per token of the held-out stream of one domain
LOAD_COLUMNS = ["step", "layer", "expert", "share"]       # of the routed slots of one layer in the batch of this step


def columns(num_layers: int) -> list[str]:
    """loss and validation_loss in nats; balance is 1 when the load is even; max_violation of layer N is 0 then."""
    violations = [f"max_violation_{layer}" for layer in range(num_layers)]
    return ["step", "tokens", "loss", "validation_loss", "balance", *violations, "tokens_per_second"]


class TrainingLog:
    """Appends rows to a CSV file; a resumed run first forgets the rows after its checkpoint."""

    def __init__(self, path: str | Path, columns: list[str], last_step: int = 0):
        self.path, self.columns = Path(path), columns
        kept = [row for row in self._rows() if int(row["step"]) <= last_step] if last_step else []
        unfinished = self.path.with_suffix(".unfinished")
        with unfinished.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, self.columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(kept)
        os.replace(unfinished, self.path)

    def add(self, row: dict) -> None:
        with self.path.open("a", newline="", encoding="utf-8") as file:
            csv.DictWriter(file, self.columns, lineterminator="\n").writerow(row)

    def _rows(self) -> list[dict]:
        if not self.path.is_file():
            return []
        with self.path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
