"""What the tab *Tasks* shows of a typed text: cleaned, segmented, tagged, its names, tokens, and words on a plane."""

import json
import os
from functools import cache, partial
from pathlib import Path

from app import shipped
from app.figures import tasks as figures
from app.session import Session
from app.views.panel import Picture, panel, percent
from app.views.tasks_scores import figure_labels
from app.words import say

ACCURACY = Path(os.environ.get("MOESCOPE_TEXT_ACCURACY", shipped.TRACES / "text_accuracy.json"))
TREEBANKS = {"en": ("pos_en_ewt_dev", "pos_en_pud"), "zh": ("pos_zh_gsdsimp_test", "pos_zh_pud")}


@cache
def accuracy(path: Path = ACCURACY) -> dict | None:
    """How far the tags can be trusted, as recorded by python -m moe_core.text; None without a recording."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def steps_value(session: Session) -> dict:
    """The text after every step, one row a step."""
    found = session.working.prepared
    if found is None:
        return {"rows": []}
    speak = partial(say, session.language)
    between = " / "
    rows = {
        "cleaned": found.cleaned + (f"   ({_changes(found.changes, speak)})" if found.changes else ""),
        "words": between.join(word for word, _ in found.words),
        "tags": "  ".join(f"{word} {speak(f'tasks.tag.{tag}')}" for word, tag in found.words if tag),
        "names": "  ".join(f"{name} {speak(f'tasks.name.{kind}')}" for name, kind in found.names)
        or speak("tasks.text.no_names"),
        "tokens": between.join(piece.replace("\n", "⏎") for piece in found.pieces) or speak("tasks.text.no_tokens"),
    }
    return {"title": speak("tasks.text.title"),
            "caption": speak("tasks.text.caption", words=len(found.words), tokens=len(found.pieces)) + _trust(speak),
            "rows": [{"name": speak(f"tasks.step.{name}"), "prompt": "", "same": text, "different": ""}
                     for name, text in rows.items()]}


def panel_value(session: Session) -> dict:
    """The words on a plane; empty without words or without a model."""
    found = session.working.prepared
    if found is None or found.map is None or not len(found.map):
        return {}
    badge = say(session.language, "badge.measured", format="fp32", device="CPU")
    return panel("tasks.words", words, session, badge)


def words(session: Session) -> Picture:
    """The typed words and their nearest ones by the model's embeddings."""
    found = session.working.prepared
    near = found.map[~found.map["typed"]]
    told = [f"{word}: {', '.join(rows['word'])}" for word, rows in near.groupby("near_to", sort=False)]
    facts = {"n": int(found.map["typed"].sum()), "near": len(near), "kept": percent(found.kept),
             "told": ("; " if session.language == "en" else "；").join(told)}
    return Picture(figures.word_map(found.map, labels=figure_labels(session)), found.map, facts)


DRAWERS = {"words": words}


def _changes(changes: dict[str, int], speak) -> str:
    return ", ".join(speak(f"tasks.change.{rule}", n=count) for rule, count in changes.items())


def _trust(speak) -> str:
    """The recorded accuracies in one sentence; nothing where there are none."""
    found = accuracy()
    if found is None or not all(name in found["treebanks"] for names in TREEBANKS.values() for name in names):
        return ""

    def told(language: str, score: str) -> str:
        values = [found["treebanks"][name][score]["value"] for name in TREEBANKS[language]]
        return f"{min(values):.0%}–{max(values):.0%}"

    return speak("tasks.text.trust", cut_en=told("en", "segmentation"), cut_zh=told("zh", "segmentation"),
                 tag_en=told("en", "part_of_speech"), tag_zh=told("zh", "part_of_speech"),
                 n=sum(found["treebanks"][name]["sentences"] for names in TREEBANKS.values() for name in names),
                 name_en=f"{found['names']['en']['f1']['value']:.0%}",
                 name_zh=f"{found['names']['zh']['f1']['value']:.0%}")
