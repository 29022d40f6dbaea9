"""Start a page as a visitor would, wait until it is served, and stop it again.

By itself it checks one command: python -m benchmarks.server "COMMAND" ends well if a page is served.
"""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple


class Served(NamedTuple):
    """A page that answers, and how long that took from the start of its command."""

    url: str
    seconds: float


@contextmanager
def serving(command: list[str], patience: float = 300) -> Iterator[Served]:
    """Run a command that opens a gradio page; within the block the page is there."""
    port = _free_port()
    url = f"http://127.0.0.1:{port}/"
    settings = {**os.environ, "GRADIO_SERVER_PORT": str(port), "GRADIO_ANALYTICS_ENABLED": "False"}
    start = time.perf_counter()
    page = subprocess.Popen(command, env=settings, start_new_session=True, stdout=subprocess.DEVNULL)
    try:
        while not _answers(url):
            if page.poll() is not None or time.perf_counter() - start > patience:
                raise RuntimeError(f"no page after {time.perf_counter() - start:.0f} s: {' '.join(command)}")
            time.sleep(0.01)
        yield Served(url, time.perf_counter() - start)
    finally:
        _stop(page)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status == 200 and bool(answer.read())
    except OSError:
        return False


def _stop(page: subprocess.Popen) -> None:
    """End the command and whatever it started."""
    if page.poll() is None:
        os.killpg(page.pid, signal.SIGTERM)
        try:
            page.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(page.pid, signal.SIGKILL)
            page.wait()


if __name__ == "__main__":
    with serving(["bash", "-c", sys.argv[1]]) as opened:
        print(f"served after {opened.seconds:.1f} s")
