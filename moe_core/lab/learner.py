"""A mixture of experts and its dense twin learn from the same batches; every step can be watched.

Knows nothing of processes, buttons or pages.
"""

import math
import time
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from moe_core.lab import performance
from moe_core.lab.dials import LabDials
from moe_core.lab.language import LabModel, predictions
from moe_core.lab.selection import Hash, balance, load, router_z
from moe_core.lab.texts import Text, drawn, spread

WARMUP, CLIP, DECAY = 20, 1.0, 0.1
HINDSIGHT_EVERY, HINDSIGHT_WINDOWS = 4, 4   # steps, and how many windows of the batch are looked back on
WEIGH_EVERY, WEIGH_WINDOWS = 25, 2
JUDGED_WINDOWS = 24                         # of the held-out part
TOO_HIGH = 2.0                              # nats above a blind guess: the run is lost


class Judgement(NamedTuple):
    """Held-out losses in nats per token."""

    moe: float
    twin: float | None


class Diverged(ArithmeticError):
    """The loss left every bound; the model stands as it was in the last good step."""

    def __init__(self, step: int, loss: float):
        super().__init__(f"diverged at step {step}: loss {loss}")
        self.step, self.loss = step, loss


class Learner:
    """One run: the same seed, dials and text give the same run."""

    def __init__(self, dials: LabDials, text: Text, dense: bool = False):
        self.dials, self.text, self.step, self.seconds = dials, text, 0, 0.0
        self.model = self._made(dense)
        self.twin = self._made(dense=True) if dials.twin else None
        self.optimizers = [_adamw(model, dials) for model in self._models]
        for layer in self.model.expert_layers:
            if isinstance(layer.selection, Hash):
                layer.selection.deal(text.training.bincount(minlength=self.text.tokenizer.vocab_size))
        self._keep()

    def learn(self) -> tuple[float, float | None]:
        """One step of both on the same batch; their losses in nats per token."""
        began = time.perf_counter()
        batch = drawn(self.text.training, self.dials.length, self.dials.batch, self.dials.seed, self.step)
        torch.manual_seed(self.dials.seed * 100_003 + self.step)  # noise is a function of seed and step alone
        losses = [self._descend(model, optimizer, batch)
                  for model, optimizer in zip(self._models, self.optimizers, strict=True)]
        self.step += 1
        self.seconds += time.perf_counter() - began
        if not losses[0] <= math.log(self.text.tokenizer.vocab_size) + TOO_HIGH:
            lost = Diverged(self.step, losses[0])
            self._bring_back()
            raise lost
        if self.step % WEIGH_EVERY == 0:
            self._keep()
        return losses[0], losses[1] if self.twin else None

    def judge(self) -> Judgement:
        """Both on the same held-out windows."""
        losses = self.judge_windows().mean(1).tolist()
        return Judgement(losses[0], losses[1] if self.twin else None)

    @torch.no_grad()
    def judge_windows(self) -> Tensor:
        """Mean held-out loss of every window, the model's and its twin's: (1 or 2, windows)."""
        judged = spread(self.text.held_out, self.dials.length, JUDGED_WINDOWS)
        known, targets = judged[:, :-1], judged[:, 1:]
        losses = [-predictions(_resting(model), known).gather(2, targets.unsqueeze(2)).mean((1, 2))
                  for model in self._models]
        for model in self._models:
            model.train()
        return torch.stack(losses)

    def loads(self) -> list[list[float]]:
        """Share of the routed slots, layer by layer, in the latest batch."""
        return [load(layer.choice).tolist() for layer in self.model.expert_layers if layer.choice is not None]

    def dropped(self) -> float:
        """Share of the routed slots that found no room, mean of the layers."""
        layers = self.model.expert_layers
        return sum(layer.dropped for layer in layers) / max(len(layers), 1)

    @property
    def parameters(self) -> int:
        """Of the model, without its twin."""
        return sum(parameter.numel() for parameter in self.model.parameters())

    @torch.no_grad()
    def write(self, tokens: int = 40, temperature: float = 0.7) -> str:
        """What the model writes from nothing; the same seed draws alike at every step."""
        model, ids = _resting(self.model), [self.text.tokenizer.end_id]
        luck = torch.Generator().manual_seed(self.dials.seed)
        for _ in range(tokens):
            following = predictions(model, torch.tensor([ids[-self.dials.length:]]))[0, -1] / temperature
            noise = -torch.empty_like(following).exponential_(generator=luck).log()
            ids.append(int((following + noise).argmax()))
        model.train()
        return self.text.tokenizer.decode(ids)

    @property
    def _models(self) -> list[LabModel]:
        return [self.model] if self.twin is None else [self.model, self.twin]

    def _made(self, dense: bool) -> LabModel:
        torch.manual_seed(self.dials.seed)
        return LabModel(self.dials, self.text.tokenizer.vocab_size, dense)

    def _descend(self, model: LabModel, optimizer: torch.optim.Optimizer, batch: Tensor) -> float:
        if self.dials.fusion == "performance" and not model.dense and self.step % WEIGH_EVERY == 0:
            performance.weigh(model, spread(self.text.tuning, self.dials.length, WEIGH_WINDOWS))
        for group in optimizer.param_groups:
            group["lr"] = self.dials.learning_rate * self._schedule()
        loss = _loss(model, batch)
        (loss + self._beside(model, batch)).backward()
        nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
        optimizer.zero_grad()
        for layer in model.expert_layers:
            layer.selection.after_step(layer.choice)
        return float(loss.detach())

    def _beside(self, model: LabModel, batch: Tensor) -> Tensor | float:
        """What the routers learn from besides the text."""
        layers = model.expert_layers
        if not layers or self.dials.selection == "hash":
            return 0.0
        own_way = not layers[0].selection.balanced_by_loss
        even = 0.0 if own_way else self.dials.balance * sum(balance(layer.choice) for layer in layers)
        small = self.dials.z * sum(router_z(layer.choice) for layer in layers)
        if self.dials.selection == "performance" and self.step % HINDSIGHT_EVERY == 0:
            layer, some = layers[self.step // HINDSIGHT_EVERY % len(layers)], batch[:HINDSIGHT_WINDOWS]
            logits = layer.choice.logits[:len(some) * self.dials.length]
            small = small + performance.hindsight(model, layer, some, logits)
        return even + small

    def _schedule(self) -> float:
        """A straight warm-up, then half a cosine down to a tenth."""
        cosine = 0.5 * (1 + math.cos(math.pi * min(self.step / self.dials.steps, 1)))
        return min(1.0, (self.step + 1) / WARMUP) * (0.1 + 0.9 * cosine)

    def _keep(self) -> None:
        self._kept = self.step, [{name: value.clone() for name, value in model.state_dict().items()}
                                 for model in self._models]

    def _bring_back(self) -> None:
        """The last good state; the optimisers are left as they are, since the run is over."""
        self.step, states = self._kept
        for model, state in zip(self._models, states, strict=True):
            model.load_state_dict(state)


def _loss(model: LabModel, windows: Tensor) -> Tensor:
    return F.nll_loss(predictions(model, windows[:, :-1]).flatten(0, 1), windows[:, 1:].flatten())


def _resting(model: LabModel) -> LabModel:
    return model.eval()


def _adamw(model: LabModel, dials: LabDials) -> torch.optim.AdamW:
    """AdamW (Loshchilov & Hutter 2019); only matrices decay."""
    learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
    groups = [{"params": [parameter for parameter in learned if parameter.ndim > 1], "weight_decay": DECAY},
              {"params": [parameter for parameter in learned if parameter.ndim <= 1], "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=dials.learning_rate, betas=(0.9, 0.95), fused=True)
