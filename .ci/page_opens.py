"""Run the README's page command as a visitor would, wait until the page is served, and stop it again.

Usage: python .ci/page_opens.py "COMMAND"
"""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

PATIENCE = 300  # seconds: the command installs first, if nothing is installed yet


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def served(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status == 200 and b"MoEscope" in answer.read()
    except OSError:
        return False


def main(command: str) -> int:
    port = free_port()
    settings = {**os.environ, "GRADIO_SERVER_PORT": str(port), "HF_HUB_OFFLINE": "1"}
    page = subprocess.Popen(["bash", "-c", command], env=settings, start_new_session=True)
    deadline = time.monotonic() + PATIENCE
    try:
        while time.monotonic() < deadline and page.poll() is None:
            if served(f"http://127.0.0.1:{port}/"):
                print(f"the page is served on port {port}")
                return 0
            time.sleep(0.5)
        print(f"the page did not open; exit code of the command: {page.poll()}", file=sys.stderr)
        return 1
    finally:
        if page.poll() is None:
            os.killpg(page.pid, signal.SIGTERM)
            page.wait(timeout=30)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
