"""The tab On your device: its words for the browser, and the verification card of every exported plan."""

import json
from functools import cache, partial
from pathlib import Path

from app import limits
from app.words import say, sentences
from moe_core.commands.exports import RECORDING

PREFIX = "device."


def runner_value(language: str, plan: str, model_hash: str | None) -> dict:
    """What the browser's half needs: sentences with their placeholders, and the recorded rows of this model."""
    words = {key: text for key, text in sentences(language).items() if key.startswith(PREFIX)}
    found = recorded()
    known = bool(found) and found["settings"].get("model_hash") == model_hash
    cards = {row["plan"]: card(row, language) for row in found["rows"]} if known else {}
    measured = found["settings"] if known else {}
    return {"words": {**words, "longest": limits.MAX_CHARACTERS, "measured": measured}, "cards": cards, "plan": plan}


def card(row: dict, language: str) -> list[list[str]]:
    """One exported and measured file as rows of name, value, note."""
    speak = partial(say, language)
    graph = row["bytes"] - row["plan_bytes"]
    flips = "0" if row["simulator_flips"] == 0 else f"{row['simulator_flips']:.2%}"
    return [
        [speak("device.card.size"), speak("device.number.bytes.value", bytes=f"{row['bytes'] / 1e6:.2f}"),
         speak("device.card.size.note", parameters=f"{row['plan_bytes'] / 1e6:.2f}", graph=round(graph / 1000))],
        [speak("device.card.kl"), speak("device.card.kl.value", kl=_nats(row["kl"])),
         speak("device.card.kl.note", worst=_nats(row["kl_max"]))],
        [speak("device.card.flips"), f"{row['flips']:.2%}", speak("device.card.flips.note")],
        [speak("device.card.parity"),
         speak("device.card.parity.value", kl=_nats(row["simulator_kl"]), flips=flips),
         speak("device.card.parity.note", same=row["greedy_same"], written=row["greedy_tokens"])],
        [speak("device.card.runtime", runtime=row["runtime"]),
         speak("device.card.speed", step=f"{row['milliseconds_per_token']:.1f}"),
         speak("device.card.runtime.note")],
    ]


@cache
def recorded(path: Path = RECORDING) -> dict | None:
    """What `python -m moe_core exports` kept, or None where there is no such file."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return found if found["rows"] and isinstance(found["settings"], dict) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _nats(value: float) -> str:
    return f"{value:.3f}" if value >= 0.01 else f"{value:.1e}"
