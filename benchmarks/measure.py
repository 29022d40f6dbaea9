"""Alternating runs, medians, and the machine they were made on."""

import argparse
import json
import os
import platform
import statistics
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

RUNS = 5


def arguments(description: str) -> argparse.ArgumentParser:
    """The two arguments every benchmark has."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--runs", type=int, default=RUNS, help=f"runs of each rival ({RUNS})")
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    return parser


def alternate(rivals: dict[str, Callable[[], float]], runs: int) -> dict[str, list[float]]:
    """Each rival's figure `runs` times, in turns, so that a busy moment hits all of them alike."""
    if runs < 1:
        raise ValueError(f"runs must be 1 or more, got {runs}")
    figures = {name: [] for name in rivals}
    for _ in range(runs):
        for name, measure in rivals.items():
            figures[name].append(measure())
    return figures


def report(title: str, unit: str, figures: dict[str, list[float]], as_json: bool) -> None:
    """Print machine, medians with their range, and each median over the last rival's."""
    medians = {name: statistics.median(values) for name, values in figures.items()}
    *_, (reference, base) = medians.items()
    runs = len(figures[reference])
    print(f"{title}: median of {runs} alternating runs, {unit}\n{machine()}")
    for name, values in figures.items():
        print(f"  {name:44} {medians[name]:8.3f}  ({min(values):.3f} .. {max(values):.3f})"
              f"  {medians[name] / base:.2f} x {reference}")
    if as_json:
        print(json.dumps({"title": title, "unit": unit, "runs": runs, "machine": machine(), "medians": medians,
                          "reference": reference}))


def machine() -> str:
    """Processor, cores, load and the versions that matter."""
    versions = " ".join(f"{name} {version(name)}" for name in ("torch", "transformers", "gradio"))
    return (f"{_processor()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; "
            f"Python {platform.python_version()}, {versions}")


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    lines = information.read_text(encoding="utf-8").splitlines() if information.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
