"""A run on disk: written whole or not at all.

Knows nothing of what the state means.
"""

import os
from pathlib import Path

import torch


def save_checkpoint(path: str | Path, state: dict) -> None:
    """Write beside the old checkpoint, then replace it in one move: an interruption leaves the old one."""
    path = Path(path)
    unfinished = path.with_suffix(".unfinished")
    try:
        with unfinished.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except (OSError, RuntimeError) as error:
        unfinished.unlink(missing_ok=True)
        raise OSError(f"could not write {path}, the checkpoint before it is unharmed: {error}") from error


def load_checkpoint(path: str | Path) -> dict:
    """The state as it was saved; tensors and plain values only, nothing in the file is executed."""
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no checkpoint to resume from: {path}")
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises half a dozen kinds for a damaged file
        raise ValueError(f"checkpoint is damaged: {path} ({error})") from error
