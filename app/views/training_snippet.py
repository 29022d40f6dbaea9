"""What the part on the article's GPT-2 snippet shows: tokens of one sentence counted every way, and what came of it."""

from functools import partial

import pandas as pd

from app import shipped, snippets
from app.session import Session
from app.views.panel import Picture
from app.views.training_boxes import SENTENCE
from app.words import say
from moe_core.gpt2.snippet import LONGEST

MOST_SHOWN = 60  # pieces that are spelled


def sentence(session: Session) -> str:
    """The text that is counted."""
    return session.training.counted or SENTENCE


def line(session: Session) -> dict:
    """Which GPT-2 is here, and whether a hub may be asked."""
    speak = partial(say, session.language)
    ours = "snippet.ours.there" if snippets.ships() else "snippet.ours.missing"
    hub = "snippet.hub.open" if snippets.hub_may_be_asked() else "snippet.hub.offline"
    return {"kind": "done" if snippets.ships() else "problem",
            "text": (" " if session.language == "en" else "").join([speak(ours), speak(hub)])}


def counts(session: Session) -> Picture:
    """One row per way to cut the sentence: its name in words, tokens, tokens a character, the pieces."""
    from moe_core.gpt2.tokens import most_tokens

    text, speak = sentence(session), partial(say, session.language)
    ways = {"bytes": [f"{byte:02X}" for byte in text.encode()]} | _own(text) | _ours(text)
    written = dict(session.training.snippets)
    ways |= {"real": list(written["real"].pieces)} if "real" in written else {}
    table = pd.DataFrame([{"way": speak(f"snippet.way.{way}"), "tokens": len(pieces),
                           "tokens_per_character": round(len(pieces) / len(text), 4), "pieces": " | ".join(pieces)}
                          for way, pieces in ways.items()])
    return Picture(None, table, {"characters": len(text), "bytes": most_tokens(text)})


def counts_value(session: Session) -> dict:
    """The same as a table on the page."""
    picture, speak = counts(session), partial(say, session.language)
    rows = [{"cells": [[row.way, ""], [f"{row.tokens:,}", ""], [f"{row.tokens_per_character:.2f}", ""],
                       [_short(row.pieces), ""]]} for row in picture.table.itertuples()]
    return {"title": speak("snippet.counts.title", text=sentence(session)), "badge": speak("snippet.counts.badge"),
            "caption": speak("snippet.counts.caption", **picture.facts),
            "head": [speak(f"snippet.column.{name}") for name in ("way", "tokens", "rate", "pieces")], "rows": rows,
            "csv_hint": speak("panel.csv", title=speak("snippet.counts.short"))}


def texts_value(session: Session) -> dict | None:
    """What each model that was asked wrote; None before."""
    if not session.training.snippets:
        return None
    speak = partial(say, session.language)
    rows = [{"name": speak(f"snippet.wrote.{name}", parameters=f"{ran.parameters:,}", n=ran.added,
                           seconds=f"{ran.seconds:.2f}"), "prompt": sentence(session), "same": ran.text,
             "different": ""} for name, ran in session.training.snippets]
    return {"title": speak("snippet.texts.title"), "caption": speak("snippet.texts.caption", most=LONGEST),
            "rows": rows}


def _own(text: str) -> dict[str, list[str]]:
    """By the tokenizer of the page's model; nothing where it cannot be read."""
    from moe_core.tokenizer import Tokenizer

    try:
        tokenizer = Tokenizer.load(shipped.MODEL)
    except (OSError, ValueError):
        return {}
    return {"mixture": [piece.label for piece in tokenizer.pieces(tokenizer.encode(text))]}


def _ours(text: str) -> dict[str, list[str]]:
    from moe_core.gpt2.tokens import ByteTokenizer

    try:
        tokenizer = ByteTokenizer.load(snippets.OURS)
    except ValueError:
        return {}
    return {"ours": tokenizer.pieces(tokenizer.encode(text))}


def _short(pieces: str) -> str:
    shown = pieces.split(" | ")
    return " | ".join(shown[:MOST_SHOWN]) + (" …" if len(shown) > MOST_SHOWN else "")
