"""A finished run as a model folder that transformers and the page can load."""

import shutil
from pathlib import Path

from moe_core.tokenizer import Tokenizer
from moe_core.training.loop import DOMAIN_LOG, LOAD_LOG, LOG, Run

LARGEST_FILE = "8MB"  # a Space wants files above 10 MB elsewhere


def export_model(run: Run, tokenizer: Tokenizer, folder: str | Path) -> None:
    """config.json, parameters in shards, tokenizer, training logs."""
    folder = Path(folder)
    run.model.save_pretrained(folder, max_shard_size=LARGEST_FILE)
    tokenizer.save(folder)
    for log in (LOG, DOMAIN_LOG, LOAD_LOG):
        shutil.copyfile(run.folder / log, folder / log)
