"""The GPT-2s that the article's snippet may run: a small one of ours where it ships, the real one where a hub answers.

Each is opened once, when somebody first asks. It knows no components and no words.
"""

import os
import threading
from functools import lru_cache
from pathlib import Path

from app.turns import FairTurns
from moe_core.commands.arguments import EMBEDDED_MODEL
from moe_core.gpt2.snippet import HUB_NAME, Gpt2, Ran

OURS = Path(os.environ.get("MOESCOPE_GPT2", EMBEDDED_MODEL.with_name("gpt2-ours")))
_opening, _turns = threading.Lock(), FairTurns()


def ships() -> bool:
    """Whether a GPT-2 of ours lies here."""
    return (OURS / "config.json").is_file()


def hub_may_be_asked() -> bool:
    """Whether this server may fetch from a hub at all; the page is started offline unless its host says otherwise."""
    return os.environ.get("HF_HUB_OFFLINE", "0").upper() in ("0", "FALSE", "NO", "OFF", "")


def run_ours(text: str) -> Ran:
    """The snippet with our GPT-2; SnippetError when it cannot."""
    return _run(OURS, False, text)


def run_real(text: str) -> Ran:
    """The snippet with OpenAI's gpt2 from the hub, half a gigabyte the first time; SnippetError when it cannot."""
    return _run(HUB_NAME, True, text)


def _run(place: Path | str, fetch: bool, text: str) -> Ran:
    with _opening:  # whoever comes second finds it opened
        gpt2 = _open(place, fetch)
    with _turns:
        return gpt2.run(text)


@lru_cache(maxsize=2)
def _open(place: Path | str, fetch: bool) -> Gpt2:
    return Gpt2.open(place, fetch)
