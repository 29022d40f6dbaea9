"""Two processes that share every batch learn what one process learns from the whole batch."""

import csv
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from moe_core.tokenizer import Tokenizer
from moe_core.training.batches import TokenStream, write_stream
from moe_core.training.loop import LOG, Run, Streams
from moe_core.training.presets import Dials
from moe_core.training.processes import Processes

ROOT = Path(__file__).resolve().parents[2]
MODEL = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "num_experts": 4,
         "moe_intermediate_size": 16, "shared_intermediate_size": 16}  # fmt: skip
DIALS = Dials(steps=5, model=MODEL, batch_size=4, length=16, learning_rate=1e-2, warmup_steps=2, log_every=1,
              validate_every=5, validation_batches=1, snapshots=1)  # fmt: skip
TEXTS = ["the cat likes the dog. ", "the dog likes the cat. ", "猫喜欢狗。", "狗喜欢猫。"] * 40
WORKER = """
import sys
sys.path[:0] = [sys.argv[1], sys.argv[2]]
from test_training_processes import DIALS, streams_of
from moe_core.training.loop import Run
from moe_core.training.processes import Processes
processes = Processes.of_environment()
Run(DIALS, 300, streams_of(sys.argv[3]), sys.argv[4], processes).go(say=str)
processes.leave()
"""


def streams_of(path) -> Streams:
    return Streams(TokenStream(path, DIALS.length), TokenStream(path, DIALS.length))


def rows(folder) -> list[dict]:
    with (folder / LOG).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """The same run by one process, here, and by two, each started like a launcher does."""
    folder = tmp_path_factory.mktemp("processes")
    write_stream(folder / "tokens", Tokenizer.train(TEXTS, vocab_size=300), TEXTS)
    Run(DIALS, 300, streams_of(folder / "tokens"), folder / "one").go(say=str)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-c", WORKER, str(ROOT), str(Path(__file__).parent), str(folder / "tokens"),
               str(folder / "two")]
    started = [subprocess.Popen(command, stderr=subprocess.PIPE, env={
        **os.environ, "RANK": str(rank), "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)})
        for rank in range(2)]
    for process in started:
        _, error = process.communicate(timeout=180)
        assert process.returncode == 0, error.decode()
    return folder / "one", folder / "two"


def test_two_processes_reach_the_loss_of_one(folders):
    one, two = map(rows, folders)
    assert len(one) == len(two) == 5
    for name in ("loss", "balance", "max_violation_0", "max_violation_1"):
        tolerance = 1e-2 if name == "balance" else 2e-4  # the log keeps four digits; balance averages own tokens
        assert [float(row[name]) for row in two] == pytest.approx([float(row[name]) for row in one], abs=tolerance)


def test_two_processes_end_with_the_parameters_of_one(folders):
    one, two = (load_file(folder / "snapshot-000005.safetensors") for folder in folders)
    for name, parameter in one.items():
        torch.testing.assert_close(two[name], parameter, atol=1e-5, rtol=1e-4)


def test_only_the_first_process_writes(folders):
    assert sorted(path.name for path in folders[0].iterdir()) == sorted(path.name for path in folders[1].iterdir())


def test_one_process_changes_nothing():
    alone, batch = Processes(), torch.arange(6).reshape(3, 2)
    assert alone.own_rows(batch) is batch
    assert alone.total(batch) is batch
    assert (alone.mean(0.1), alone.agreed(0.3), alone.first) == (0.1, 0.3, True)


def test_a_batch_that_cannot_be_shared_is_refused():
    with pytest.raises(ValueError, match="multiple of the 2 processes, got 3"):
        Processes(0, 2).own_rows(torch.zeros(3, 2))


def test_each_process_reads_its_own_rows():
    batch = torch.arange(8).reshape(4, 2)
    assert torch.equal(torch.cat([Processes(rank, 2).own_rows(batch) for rank in range(2)]), batch)
