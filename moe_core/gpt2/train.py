"""A small GPT-2 of our own on the same corpus as the mixture: tokenizer, training, a folder that transformers opens.

It is a dense baseline for the article's snippet, named as ours; it is not OpenAI's gpt2.
"""

import csv
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import GPT2Config, GPT2LMHeadModel, GPT2Tokenizer

from moe_core.gpt2.tokens import END, ByteTokenizer
from moe_core.training.batches import TokenStream, write_stream
from moe_core.training.documents import read_documents, sentences_for_tokenizer
from moe_core.training.loss import next_token_gradient, next_token_loss

LOG, COLUMNS = "training_log.csv", ["step", "tokens", "loss", "validation_loss", "tokens_per_second"]
MOST_BYTES = 9_000_000  # of the whole folder
SAVE_MINUTES = 5.0


@dataclass(frozen=True)
class Dials:
    """The preset gpt2-ours: 1.75 million parameters, 7 MB in fp32."""

    vocabulary: int = 4096
    width: int = 128
    layers: int = 6
    heads: int = 4
    positions: int = 256      # T
    batch_size: int = 16      # B
    steps: int = 3000
    minutes: float | None = 60.0
    learning_rate: float = 2e-3
    warmup_steps: int = 100
    final_share: float = 0.1
    weight_decay: float = 0.1
    seed: int = 0
    log_every: int = 20
    validate_every: int = 100

    def learning_rate_at(self, step: int, progress: float) -> float:
        """A straight warm-up, then half a cosine down to `final_share`."""
        cosine = 0.5 * (1 + math.cos(math.pi * min(progress, 1)))
        return self.learning_rate * min(1, (step + 1) / self.warmup_steps) * (
            self.final_share + (1 - self.final_share) * cosine)


def train(corpus: Path, heldout: Path, folder: Path, dials: Dials, say: Callable[[str], None] = print) -> Path:
    """Learn from the corpus; the model's folder is written now and then, and at the end."""
    torch.manual_seed(dials.seed)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = _streams(corpus, heldout, folder, dials)
    model = GPT2LMHeadModel(GPT2Config(
        vocab_size=tokenizer.vocab_size, n_positions=dials.positions, n_embd=dials.width, n_layer=dials.layers,
        n_head=dials.heads, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, bos_token_id=tokenizer.end_id,
        eos_token_id=tokenizer.end_id)).train()
    training, judged = (TokenStream(folder / f"{name}.tokens", dials.positions) for name in ("training", "heldout"))
    say(f"{model.num_parameters():,} parameters, {len(training.tokens):,} tokens, at most {dials.steps} steps")
    rows, saved = [], time.monotonic()
    for row in _learn(model, training, judged, dials):
        rows.append(row)
        say("  ".join(f"{name} {value}" for name, value in row.items() if value != ""))
        if time.monotonic() - saved > 60 * SAVE_MINUTES:
            _save(model, tokenizer, rows, folder / "model")
            saved = time.monotonic()
    return _save(model, tokenizer, rows, folder / "model")


def _streams(corpus: Path, heldout: Path, folder: Path, dials: Dials) -> ByteTokenizer:
    documents, judged = read_documents(corpus), read_documents(heldout)
    tokenizer = ByteTokenizer.train(sentences_for_tokenizer(documents, seed=dials.seed), dials.vocabulary)
    write_stream(folder / "training.tokens", tokenizer, documents, dials.seed)
    write_stream(folder / "heldout.tokens", tokenizer, judged, dials.seed)
    return tokenizer


def _learn(model: GPT2LMHeadModel, training: TokenStream, judged: TokenStream, dials: Dials):
    """One row of the log every few steps, until the steps or the minutes are over."""
    matrices, vectors = ([one for one in model.parameters() if (one.ndim > 1) == matrix] for matrix in (True, False))
    optimizer = torch.optim.AdamW([{"params": matrices, "weight_decay": dials.weight_decay},
                                   {"params": vectors, "weight_decay": 0.0}], betas=(0.9, 0.95))
    began, lap, losses = time.monotonic(), time.monotonic(), []
    for step in range(dials.steps):
        progress = max(step / dials.steps, (time.monotonic() - began) / 60 / dials.minutes if dials.minutes else 0)
        if progress >= 1:
            break
        for group in optimizer.param_groups:
            group["lr"] = dials.learning_rate_at(step, progress)
        losses.append(_step(model, optimizer, training.batch(step, dials.batch_size, dials.seed)))
        if (step + 1) % dials.log_every == 0 or step + 1 == dials.steps:
            speed = len(losses) * dials.batch_size * dials.positions / max(time.monotonic() - lap, 1e-9)
            due = (step + 1) % dials.validate_every == 0 or step + 1 == dials.steps
            yield {"step": step + 1, "tokens": (step + 1) * dials.batch_size * dials.positions,
                   "loss": f"{sum(losses) / len(losses):.4f}",
                   "validation_loss": f"{_judge(model, judged):.4f}" if due else "",
                   "tokens_per_second": f"{speed:.0f}"}
            losses, lap = [], time.monotonic()


def _step(model: GPT2LMHeadModel, optimizer: torch.optim.Optimizer, batch: torch.Tensor) -> float:
    hidden = model.transformer(batch[:, :-1], use_cache=False).last_hidden_state
    rows = hidden.flatten(0, 1)                                                       # (B, T, D) -> (N, D)
    loss, gradient = next_token_gradient(rows, batch[:, 1:].flatten(), model.lm_head.weight)
    rows.backward(gradient)
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()
    return loss


@torch.no_grad()
def _judge(model: GPT2LMHeadModel, judged: TokenStream) -> float:
    """Mean loss in nats per token of its own tokens, over evenly spread windows."""
    batch = judged.spread(min(16, judged.windows), 0, 1)
    hidden = model.transformer(batch[:, :-1], use_cache=False).last_hidden_state
    return next_token_loss(hidden.flatten(0, 1), batch[:, 1:].flatten(), model.lm_head.weight)


def _save(model: GPT2LMHeadModel, tokenizer: ByteTokenizer, rows: list[dict], folder: Path) -> Path:
    """What GPT2LMHeadModel and GPT2Tokenizer open, and the log; refuses a folder that is too large to ship."""
    model.save_pretrained(folder, max_shard_size="8MB")
    GPT2Tokenizer(tokenizer_object=tokenizer.backend, unk_token=END, bos_token=END, eos_token=END, pad_token=END,
                  model_max_length=model.config.n_positions).save_pretrained(folder)
    (folder / "tokenizer.json").write_text(tokenizer.backend.to_str() + "\n", encoding="utf-8")
    with (folder / LOG).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    size = sum(file.stat().st_size for file in folder.iterdir())
    if size > MOST_BYTES:
        raise ValueError(f"{folder} must stay under {MOST_BYTES:,} bytes to ship, got {size:,}")
    return folder
