"""The thousand-word experiment of the source article: from one word to the next, through ten experts and a gate.

As the article has it: one-hot in, ten experts of 1000 -> 500 (ReLU) -> 1000 (softmax), Adam, cross-entropy, batches of
32, a validation split of 0.1 taken from the end, ten epochs. Its code leaves the gate out; here a gate scores
the experts for every word, and the chosen experts' predictions are mixed by its weights.
"""

import time
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from moe_core.lab.scores import Scores, scores
from moe_core.lab.word_experts import Spoken, ThousandDials, WordExperts
from moe_core.lab.wordlist import WordList

START, WRITTEN = "我", 12  # what every sample begins with, if the list has it, and how many words follow
TOO_HIGH = 4.0             # nats above a blind guess: the run is lost


class Epoch(NamedTuple):
    """What is known after an epoch; shares are of 1, losses in nats per word."""

    epoch: int
    loss: float
    validation_loss: float
    train: Scores
    validation: Scores
    load: list[float]             # (E,) share of the routed slots of the training pairs
    balance: float                # 1 when even
    sample: list[str]
    vectors: list[tuple[float, float]]  # (V, 2) word vectors, first two principal components
    seconds: float                # of training since the start
    state: str = "good"           # or "diverged": then everything else is of the epoch before


def learn(words: WordList, dials: ThousandDials, every_batch: bool = False) -> Iterator[Epoch | None]:
    """Train, and tell after every epoch; with `every_batch` also None after each batch: there a caller may stop.

    Ends early, with the last good state told again, when the loss diverges.
    """
    torch.manual_seed(dials.seed)
    run = _Run(words, dials)
    last = run.told(0, float("nan"))
    for epoch in range(1, dials.epochs + 1):
        losses = []
        for loss in run.batches():
            losses.append(loss)
            if every_batch:
                yield None
        each, pairs = zip(*losses, strict=True)
        loss = float(np.average(each, weights=pairs))
        if not loss <= np.log(len(words.words)) + TOO_HIGH:
            yield last._replace(state="diverged")
            return
        last = run.told(epoch, loss)
        yield last


def stepwise(epoch: Epoch) -> dict:
    """An epoch as a report in JSON, where what is no number is null."""
    known = {name: _known(value) for name, value in epoch._asdict().items()
             if name not in ("train", "validation", "load", "vectors")}
    scored = {f"{part}_{name}": _known(value) for part in ("train", "validation")
              for name, value in getattr(epoch, part)._asdict().items()}
    last = "done" if epoch.state == "diverged" else "step"
    return {"kind": last, "step": epoch.epoch, **known, **scored, "load": [round(share, 5) for share in epoch.load],
            "vectors": [[round(value, 4) for value in pair] for pair in epoch.vectors]}


def _known(value):
    return None if isinstance(value, float) and value != value else value


class _Run:
    """The pairs of neighbouring words, the model, Adam, and the time it took."""

    def __init__(self, words: WordList, dials: ThousandDials):
        self.words, self.dials, self.seconds = words, dials, 0.0
        sequence = torch.tensor(words.sequence)
        kept = max(1, round((len(sequence) - 1) * (1 - dials.validation)))
        self.train = sequence[:kept], sequence[1:kept + 1]
        self.validation = sequence[kept:-1], sequence[kept + 1:]
        self.model = WordExperts(len(words.words), dials)
        self.adam = torch.optim.Adam(self.model.parameters(), lr=dials.learning_rate, fused=True)
        self.shuffle = torch.Generator().manual_seed(dials.seed)

    def batches(self) -> Iterator[tuple[float, int]]:
        """One pass over all training pairs in a new order: the loss of every batch, and how many pairs it has."""
        inputs, targets = self.train
        for rows in torch.randperm(len(inputs), generator=self.shuffle).split(self.dials.batch):
            began = time.perf_counter()
            spoken = self.model(inputs[rows])
            loss = F.nll_loss(spoken.log_probabilities, targets[rows])
            total = loss + self.dials.balance * self.model.balance(spoken) if self.dials.gate else loss
            total.backward()
            self.adam.step()
            self.model.forget_gradients(inputs[rows])
            self.seconds += time.perf_counter() - began
            yield float(loss.detach()), len(rows)

    @torch.no_grad()
    def told(self, epoch: int, loss: float) -> Epoch:
        """Everything that is known of the model now."""
        spoken = self.model(self.train[0])
        judged = self.model(self.validation[0]) if len(self.validation[0]) else None
        lost = float(F.nll_loss(judged.log_probabilities, self.validation[1])) if judged else float("nan")
        everything = torch.arange(len(self.words.words))
        load = spoken.chosen.flatten().bincount(minlength=self.dials.experts) / spoken.chosen.numel()
        return Epoch(epoch, loss, lost, self._scores(spoken, self.train[1]),
                     self._scores(judged, self.validation[1]) if judged else Scores(*[float("nan")] * 3),
                     load.tolist(), float(self.model.balance(spoken)), self._sample(),
                     flat(self.model.vectors(everything)), self.seconds)

    def _scores(self, spoken: Spoken, targets: Tensor) -> Scores:
        return scores(targets.numpy(), spoken.log_probabilities.argmax(-1).numpy(), len(self.words.words))

    def _sample(self) -> list[str]:
        """The likeliest next word, twelve times over."""
        word = self.words.words.index(START) if START in self.words.words else self.words.sequence[0]
        written = [word]
        for _ in range(WRITTEN):
            written.append(int(self.model(torch.tensor([written[-1]])).log_probabilities.argmax()))
        return [self.words.words[word] for word in written]


def flat(vectors: Tensor) -> list[tuple[float, float]]:
    """The first two principal components of some vectors, (n, F) -> n pairs; signs fixed so that pictures stay put."""
    centred = vectors - vectors.mean(0)
    directions = torch.linalg.eigh(centred.T @ centred).eigenvectors
    axes = directions[:, [-1, -2]]
    axes = axes * axes.gather(0, axes.abs().argmax(0, keepdim=True)).sign()
    return [(round(x, 5), round(y, 5)) for x, y in (centred @ axes).tolist()]
