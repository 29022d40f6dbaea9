"""One run on many processes: who reads which rows, and how counts and gradients become one.

Knows nothing of models; with one process every method leaves its tensors alone, to the last bit.
"""

import os
from collections.abc import Iterable
from datetime import timedelta

import torch
from torch import Tensor, nn

PATIENCE = timedelta(hours=2)  # the first process learns the tokenizer while the others wait


class Processes:
    """This process among all; as `accelerate launch` or torchrun name them in the environment."""

    def __init__(self, rank: int = 0, count: int = 1):
        self.rank, self.count = rank, count

    @classmethod
    def of_environment(cls) -> "Processes":
        """Join the others, if there are any."""
        count = int(os.environ.get("WORLD_SIZE", "1"))
        if count == 1:
            return cls()
        backend = "nccl" if torch.cuda.is_available() else "gloo"
        if backend == "nccl":
            torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
        torch.distributed.init_process_group(backend, timeout=PATIENCE)
        return cls(torch.distributed.get_rank(), count)

    @property
    def first(self) -> bool:
        """Whether this is the process that writes files and speaks."""
        return self.rank == 0

    def device(self) -> torch.device:
        """The GPU of this process when several share a machine with GPUs, else the CPU."""
        return torch.device("cuda") if self.count > 1 and torch.cuda.is_available() else torch.device("cpu")

    def own_rows(self, batch: Tensor) -> Tensor:
        """This process's part of a batch (B, ...): B / count neighbouring rows."""
        if self.count == 1:
            return batch
        if len(batch) % self.count:
            raise ValueError(f"batch_size must be a multiple of the {self.count} processes, got {len(batch)}")
        return batch.chunk(self.count)[self.rank].to(self.device())

    def total(self, numbers: Tensor) -> Tensor:
        """The sum over all processes."""
        if self.count > 1:
            numbers = numbers.clone()
            torch.distributed.all_reduce(numbers)
        return numbers

    def mean(self, number: float) -> float:
        """The average over all processes."""
        if self.count == 1:
            return number
        return float(self.total(torch.tensor(number, dtype=torch.float64, device=self.device()))) / self.count

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Every gradient becomes its mean over all processes, in one message."""
        if self.count == 1:
            return
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        together = torch.cat([gradient.flatten() for gradient in gradients])
        torch.distributed.all_reduce(together)
        together /= self.count
        for gradient, part in zip(gradients, together.split([gradient.numel() for gradient in gradients]), strict=True):
            gradient.copy_(part.view_as(gradient))

    def agreed(self, number: float) -> float:
        """The first process's number, for all."""
        if self.count == 1:
            return number
        shared = torch.tensor(number, dtype=torch.float64, device=self.device())
        torch.distributed.broadcast(shared, 0)
        return float(shared)

    def wait(self) -> None:
        """Until all are here."""
        if self.count > 1:
            torch.distributed.barrier()

    def leave(self) -> None:
        if self.count > 1:
            torch.distributed.destroy_process_group()
