"""A finished run as a model folder that transformers and the page can load."""

import copy
import shutil
from pathlib import Path

import torch

from moe_core.tokenizer import Tokenizer
from moe_core.training.loop import DOMAIN_LOG, LOAD_LOG, LOG, Run

KEPT_AS = {"fp32": torch.float32, "bf16": torch.bfloat16}
LARGEST_FILE = "8MB"  # a Space wants files above 10 MB elsewhere


def export_model(run: Run, tokenizer: Tokenizer, folder: str | Path, kept_as: str = "fp32") -> None:
    """config.json, parameters in shards, tokenizer, training logs; the run's own parameters stay as they are."""
    folder = Path(folder)
    for earlier in folder.glob("model*.safetensors*"):  # of an export in more files its index would stay
        earlier.unlink()
    copy.deepcopy(run.model).to(KEPT_AS[kept_as]).save_pretrained(folder, max_shard_size=LARGEST_FILE)
    tokenizer.save(folder)
    for log in (LOG, DOMAIN_LOG, LOAD_LOG):
        shutil.copyfile(run.folder / log, folder / log)
