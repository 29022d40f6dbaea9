"""The training loop: batch, loss, gradient, step, log, checkpoint.

Knows nothing of text: token streams in, a trained model out.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors.torch import save_file
from torch import Tensor

from moe_core.config import MoEscopeConfig
from moe_core.model.causal_lm import MoEscopeForCausalLM, Training
from moe_core.model.losses import load_balance, load_counts
from moe_core.model.router import Routing
from moe_core.training.batches import TokenStream
from moe_core.training.checkpoint import load_checkpoint, save_checkpoint
from moe_core.training.log import DOMAIN_COLUMNS, LOAD_COLUMNS, TrainingLog, columns
from moe_core.training.loss import next_token_gradient, next_token_loss
from moe_core.training.presets import Dials
from moe_core.training.processes import Processes

CHECKPOINT, SNAPSHOT = "checkpoint.pt", "snapshot-{:06d}.safetensors"
LOG, DOMAIN_LOG, LOAD_LOG = "training_log.csv", "domain_log.csv", "load_log.csv"
MAY_CHANGE = {"minutes", "checkpoint_minutes"}  # between a run and its resumption
DOMAIN_WINDOWS = 4  # of every domain are judged, the same at every step


@dataclass(frozen=True)
class Streams:
    """What to learn from and what to be judged on."""

    training: TokenStream
    heldout: TokenStream
    domains: dict[str, TokenStream] = field(default_factory=dict)  # the held-out stream again, by domain


class Run:
    """One training run in one folder: starts afresh, or where its checkpoint ends.

    On many processes each learns from its part of every batch; the first one alone writes and is judged.
    """

    def __init__(self, dials: Dials, vocab_size: int, streams: Streams, folder: str | Path,
                 processes: Processes | None = None):
        torch.manual_seed(dials.seed)
        self.dials, self.streams, self.folder = dials, streams, Path(folder)
        self.processes = processes or Processes()
        self.model = MoEscopeForCausalLM(MoEscopeConfig(vocab_size=vocab_size, **dials.model)).train()
        self.model.to(self.processes.device())
        self.optimizer = _optimizer(self.model, dials)
        self.step, self.seconds = 0, 0.0
        self.folder.mkdir(parents=True, exist_ok=True)

    def resume(self) -> None:
        """Take everything back from the checkpoint; refuses one of another run."""
        path = self.folder / CHECKPOINT
        state = load_checkpoint(path)
        if differing := [name for name, value in self._identity().items() if state["identity"].get(name) != value]:
            raise ValueError(f"{path} belongs to a run with other settings: {', '.join(differing)}")
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.seconds = state["step"], state["seconds"]

    def save(self) -> None:
        if not self.processes.first:
            return
        state = {"identity": self._identity(), "step": self.step, "seconds": self.seconds,
                 "model": self.model.state_dict(), "optimizer": self.optimizer.state_dict()}  # fmt: skip
        save_checkpoint(self.folder / CHECKPOINT, state)

    def go(self, say: Callable[[str], None] = print, until: int | None = None) -> None:
        """Train to the end of the schedule (or to step `until`), then save."""
        first = self.processes.first
        logs = _Logs(self.folder, self.model.config.num_hidden_layers, self.step) if first else None
        clock, saved = _Clock(self), time.monotonic()
        self._snapshot()
        while self.dials.progress(self.step, self.seconds) < 1 and self.step != until:
            learnt = self._learn()
            self.step += 1
            clock.tick(learnt.loss)
            self._snapshot()
            if first and self.step % self.dials.log_every == 0:
                row = self._row(learnt) | clock.lap()
                logs.training.add(row)
                self._log_slowly(logs, learnt)
                say(_line(row, self.dials.progress(self.step, self.seconds), self.seconds))
            if time.monotonic() - saved > 60 * self.dials.checkpoint_minutes:
                self.save()
                saved = time.monotonic()
        self.save()

    def validate(self, batches: int | None = None) -> float:
        """Mean loss in nats per token over evenly spread windows of the held-out stream."""
        parts = batches or self.dials.validation_batches
        losses = [self._heldout_loss(self.streams.heldout.spread(self.dials.batch_size, part, parts))
                  for part in range(parts)]  # fmt: skip
        return sum(losses) / parts

    def _learn(self) -> "_Learnt":
        for group in self.optimizer.param_groups:
            group["lr"] = self.dials.learning_rate_at(self.step, self.seconds)
        batch = self.streams.training.batch(self.step, self.dials.batch_size, self.dials.seed)
        batch = self.processes.own_rows(batch)
        hidden, routings = self._forward(batch[:, :-1])
        rows = hidden.flatten(0, 1)                                                       # (B, T, D) -> (N, D)
        loss, gradient = next_token_gradient(rows, batch[:, 1:].flatten(), self.model.lm_head.weight)
        shares = [_shares(self.processes.total(load_counts(routing))) for routing in routings]
        self._backward(rows, gradient, routings, shares)
        self.processes.average_gradients(self.model.parameters())
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.dials.clip)
        self.optimizer.step()
        self.optimizer.zero_grad()
        return _Learnt(self.processes.mean(loss), routings, shares)

    def _forward(self, ids: Tensor) -> Training:
        """(B, T) -> fp32 (B, T, D) and the routings; the layers multiply in bf16 where the dials say so."""
        with torch.autocast(ids.device.type, torch.bfloat16, enabled=self.dials.precision == "bf16"):
            hidden, routings = self.model.forward_for_training(ids)
        return Training(hidden.float(), routings)

    def _backward(self, rows: Tensor, gradient: Tensor, routings: list[Routing], shares: list[Tensor]) -> None:
        """The gradients of the next-token loss and, where there are routers, of their losses."""
        if routings:
            torch.autograd.backward([rows, self.model.router_loss(routings, shares)], [gradient, None])
        else:
            rows.backward(gradient)

    @torch.no_grad()
    def _heldout_loss(self, batch: Tensor) -> float:
        batch = batch.to(self.processes.device())
        hidden, _ = self.model.forward_for_training(batch[:, :-1])
        return next_token_loss(hidden.flatten(0, 1), batch[:, 1:].flatten(), self.model.lm_head.weight)

    def _snapshot(self) -> None:
        """Keep the parameters as they are now, if the dials say so; at most once for every step."""
        path = self.folder / SNAPSHOT.format(self.step)
        if self.processes.first and self.step in self.dials.snapshot_steps() and not path.exists():
            save_file({name: value.contiguous() for name, value in self.model.named_parameters()}, path)

    def _log_slowly(self, logs: "_Logs", learnt: "_Learnt") -> None:
        """What is logged only as often as the held-out loss: every domain's loss, every expert's load."""
        if self.step % self.dials.validate_every:
            return
        for domain, stream in self.streams.domains.items():
            loss = self._heldout_loss(stream.spread(min(DOMAIN_WINDOWS, stream.windows), 0, 1))
            logs.domains.add({"step": self.step, "domain": domain, "loss": f"{loss:.4f}"})
        for layer, shares in enumerate(learnt.shares):
            for expert, share in enumerate(shares.tolist()):
                logs.load.add({"step": self.step, "layer": layer, "expert": expert, "share": f"{share:.4f}"})

    def _row(self, learnt: "_Learnt") -> dict:
        balances = [float(load_balance(*pair).detach()) for pair in zip(learnt.routings, learnt.shares, strict=True)]
        balance = {"balance": f"{sum(balances) / len(balances):.4f}"} if balances else {}
        violations = {f"max_violation_{layer}": f"{float(shares.max() * len(shares) - 1):.4f}"
                      for layer, shares in enumerate(learnt.shares)}  # fmt: skip
        due = self.step % self.dials.validate_every == 0
        validation = {"validation_loss": f"{self.validate():.4f}"} if due else {}
        tokens = self.step * self.dials.batch_size * self.dials.length
        return {"step": self.step, "tokens": tokens} | balance | violations | validation

    def _identity(self) -> dict:
        dials = {name: value for name, value in asdict(self.dials).items() if name not in MAY_CHANGE}
        streams = {"corpus": len(self.streams.training.tokens), "held-out": len(self.streams.heldout.tokens)}
        return dials | streams | {"vocab_size": self.model.config.vocab_size}


class _Learnt(NamedTuple):
    """What one step leaves behind for the log."""

    loss: float               # of all processes' tokens
    routings: list[Routing]   # of this process's tokens
    shares: list[Tensor]      # (E,) of every layer's routed slots, counted over all processes


class _Logs:
    """The three CSV files of a run."""

    def __init__(self, folder: Path, num_layers: int, last_step: int):
        self.training = TrainingLog(folder / LOG, columns(num_layers), last_step)
        self.domains = TrainingLog(folder / DOMAIN_LOG, DOMAIN_COLUMNS, last_step)
        self.load = TrainingLog(folder / LOAD_LOG, LOAD_COLUMNS, last_step)


class _Clock:
    """Adds up time and loss between two rows of the log."""

    def __init__(self, run: Run):
        self.run, self.last = run, time.monotonic()
        self.losses: list[float] = []
        self.since = run.seconds

    def tick(self, loss: float) -> None:
        now = time.monotonic()
        self.run.seconds = self.run.processes.agreed(self.run.seconds + (now - self.last))
        self.last = now
        self.losses.append(loss)

    def lap(self) -> dict:
        """Mean loss and speed since the last row; validation counts as time."""
        tokens = len(self.losses) * self.run.dials.batch_size * self.run.dials.length
        speed = tokens / max(self.run.seconds - self.since, 1e-9)
        row = {"loss": f"{sum(self.losses) / len(self.losses):.4f}", "tokens_per_second": f"{speed:.0f}"}
        self.losses, self.since = [], self.run.seconds
        return row


def _shares(counts: Tensor) -> Tensor:
    return counts / counts.sum()


def _optimizer(model: torch.nn.Module, dials: Dials) -> torch.optim.AdamW:
    """AdamW (Loshchilov & Hutter 2019); only matrices decay."""
    matrices = [parameter for parameter in model.parameters() if parameter.ndim > 1]
    norms = [parameter for parameter in model.parameters() if parameter.ndim == 1]
    groups = [{"params": matrices, "weight_decay": dials.weight_decay}, {"params": norms, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=dials.learning_rate, betas=(0.9, 0.95), fused=True)


def _line(row: dict, progress: float, seconds: float) -> str:
    left = seconds * (1 - progress) / max(progress, 1e-9) / 60
    judged = f", held-out {row['validation_loss']}" if "validation_loss" in row else ""
    return (f"{progress:4.0%}  step {row['step']}  loss {row['loss']}{judged}  "
            f"{row['tokens_per_second']} tokens/s  {left:.1f} min left")  # fmt: skip
