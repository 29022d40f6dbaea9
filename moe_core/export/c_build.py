"""Compile runtime.c for this machine and for others, and run what came out, emulated where it must be.

It knows what the program prints; it does not know what is right.
"""

import platform
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from moe_core.export.parity import Read

SOURCE = Path(__file__).with_name("runtime.c")
ALWAYS = ("-std=c99", "-O3", "-ffp-contract=off")  # the last one keeps sums the same on every processor
SECONDS = 300


@dataclass(frozen=True)
class Device:
    """A kind of machine: what compiles for it, and what runs the result here."""

    name: str
    compilers: tuple[str, ...]      # the first that is installed is taken
    flags: tuple[str, ...] = ()
    emulator: str | None = None
    packages: str = "gcc libc6-dev"  # of Debian, for the message when something is missing

    @property
    def missing(self) -> str | None:
        """What must be installed first, as a sentence; None = all is here."""
        if not any(map(shutil.which, self.compilers)):
            wanted = " or ".join(self.compilers)
            return f"no C compiler for {self.name} is here ({wanted}): apt-get install {self.packages}"
        if self.emulator and not shutil.which(self.emulator):
            return f"{self.emulator} is not here to run {self.name} programs: apt-get install {self.packages}"
        return None

    def build(self, folder: Path, *more: str) -> "Program":
        """The program, compiled into `folder`."""
        if self.missing:
            raise ValueError(self.missing)
        compiler = next(filter(None, map(shutil.which, self.compilers)))
        binary = folder / f"moescope-{re.sub(r'[^a-z0-9]+', '-', self.name.lower())}"
        command = [compiler, *ALWAYS, *self.flags, *more, "-o", str(binary), str(SOURCE), "-lm"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
        if done.returncode:
            raise ValueError(f"{compiler} could not compile {SOURCE.name}: {done.stderr.strip()[-500:]}")
        return Program(binary, (self.emulator,) if self.emulator else ())


def this_machine() -> Device:
    """Whatever we run on; its own vector instructions may be used."""
    return Device(f"this machine ({platform.machine()})", ("cc", "gcc", "clang"), ("-march=native",))


ARM64 = Device("ARM64", ("aarch64-linux-gnu-gcc",), ("-static",), "qemu-aarch64",
               "gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user")
ARMV7 = Device("ARMv7", ("arm-linux-gnueabihf-gcc",), ("-static",), "qemu-arm",
               "gcc-arm-linux-gnueabihf libc6-dev-armhf-cross qemu-user")


@dataclass(frozen=True)
class Program:
    """A compiled runtime."""

    binary: Path
    emulator: tuple[str, ...] = ()

    def run(self, *arguments: str) -> subprocess.CompletedProcess:
        """Start it and wait; whether it went well is the caller's to judge."""
        return subprocess.run([*self.emulator, str(self.binary), *arguments], capture_output=True, timeout=SECONDS)


@dataclass
class CRunner:
    """A compiled runtime with a model file, as parity asks for it."""

    program: Program
    file: Path
    vocab_size: int
    ms_per_token: float | None = None  # of the last run

    def read(self, token_ids: list[int]) -> Read:
        """Logits and experts after each token; END stands before them and is left out."""
        with TemporaryDirectory() as folder:
            kept = Path(folder) / "logits"
            printed = self._printed(token_ids, 0, "--routes", "--logits", str(kept))
            logits = np.fromfile(kept, "<f4").reshape(-1, self.vocab_size)
        return Read(logits[1:], routes_in(printed)[:, 1:])

    def write_on(self, token_ids: list[int], new_tokens: int) -> list[int]:
        """The greedy new tokens."""
        return [int(token) for token in self._printed(token_ids, new_tokens).split("\n")[0].split()]

    def _printed(self, token_ids: list[int], new_tokens: int, *more: str) -> str:
        done = self.program.run(str(self.file), "--ids", " ".join(map(str, token_ids)), "--tokens", str(new_tokens),
                                *more)
        said = done.stderr.decode(errors="replace").strip()
        if done.returncode:
            raise ValueError(f"{self.program.binary.name} ended with {done.returncode}: {said}")
        self.ms_per_token = float(re.search(r"([\d.]+) ms each", said)[1])
        return done.stdout.decode()


def routes_in(printed: str) -> np.ndarray:
    """(L, T, K) expert ids from lines such as "route 0 17 3,5 0,9"; the END token's are the first."""
    rows = [line.split()[3:] for line in printed.splitlines() if line.startswith("route ")]
    ids = [[[int(expert) for expert in layer.split(",")] for layer in row] for row in rows]  # (T, L, K)
    return np.array(ids).swapaxes(0, 1)
