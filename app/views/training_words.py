"""What the thousand-word experiment shows: losses, scores, load, word vectors, and the numbers of its last epoch."""

import math
from functools import partial

import pandas as pd

from app.figures import training as figures
from app.session import Session
from app.training_state import TrainingRun
from app.views.panel import Picture, percent
from app.views.training import figure_labels, number, panel_of
from app.words import say

SENTENCE = ("我", "喜欢", "学习", "AI")
PANELS = ("losses", "scores", "load", "vectors")


def panels_value(session: Session, run: TrainingRun | None) -> dict[str, dict]:
    """All panels, drawn anew."""
    return {name: panel_of(f"words.{name}", drawer(name, run), session, run) for name in PANELS}


def drawer(name: str, run: TrainingRun | None):
    """What draws one panel of this run."""
    return partial(DRAWERS[name], run)


def numbers_value(session: Session, run: TrainingRun | None) -> list[dict]:
    """Loss and scores after the last epoch."""
    if run is None or not run.told("step"):
        return []
    last, facts, speak = run.last("step"), _facts(run), partial(say, session.language)
    shown = {"loss": f"{number(last['loss'])} → {number(last['validation_loss'])}",
             **{name: f"{_share(last[f'train_{name}'])} → {_share(last[f'validation_{name}'])}"
                for name in ("accuracy", "recall", "f1")},
             "balance": number(last["balance"], 2)}
    return [{"name": speak(f"training.words.number.{name}"), "value": value,
             "note": speak(f"training.words.number.{name}.note", **facts)} for name, value in shown.items()]


def losses(run: TrainingRun, session: Session) -> Picture:
    """Loss on the training pairs and on the validation pairs."""
    table, facts = _epochs(run, "loss", "validation_loss"), _facts(run)
    figure = figures.losses(table, math.log(facts["words"]), over="epoch", labels=figure_labels(session.language))
    return Picture(figure, table, facts)


def scores(run: TrainingRun, session: Session) -> Picture:
    """Accuracy, recall and F1 on both."""
    names = [f"{part}_{name}" for part in ("train", "validation") for name in ("accuracy", "recall", "f1")]
    table, facts = _epochs(run, *names), _facts(run)
    return Picture(figures.scores(table, 1 / facts["words"], labels=figure_labels(session.language)), table, facts)


def load(run: TrainingRun, session: Session) -> Picture:
    """Which share of the words each expert handled, epoch by epoch."""
    table = pd.DataFrame([{"epoch": report["step"], "layer": 0, "expert": expert, "share": share}
                          for report in run.told("step") for expert, share in enumerate(report["load"])])
    figure = figures.load_over_time(table, over="epoch", labels=figure_labels(session.language))
    latest = run.last("step")["load"]
    busy = max(range(len(latest)), key=latest.__getitem__)
    return Picture(figure, table, _facts(run) | {"experts": len(latest), "even": percent(1 / len(latest)),
                                                 "busy": busy, "busy_share": percent(latest[busy])})


def vectors(run: TrainingRun, session: Session) -> Picture:
    """The words as points."""
    words, places = run.last("begun")["words"], run.last("step")["vectors"]
    table = pd.DataFrame({
        "word": words, "x": [place[0] for place in places], "y": [place[1] for place in places],
        "language": ["chinese" if any("\u4e00" <= letter <= "\u9fff" for letter in word) else "english"
                     for word in words],
        "place": [SENTENCE.index(word) if word in SENTENCE else -1 for word in words]})
    told = "、".join if session.language == "zh" else ", ".join
    marked = table[table["place"] >= 0].sort_values("place")
    where = told(f"{row.word} ({row.x:.2f}, {row.y:.2f})" for row in marked.itertuples())
    figure = figures.word_map(table, labels=figure_labels(session.language))
    return Picture(figure, table, _facts(run) | {"where": where or "–"})


DRAWERS = {"losses": losses, "scores": scores, "load": load, "vectors": vectors}


def _epochs(run: TrainingRun, *names: str) -> pd.DataFrame:
    told = run.told("step")
    return pd.DataFrame({"epoch": [report["step"] for report in told],
                         **{name: pd.array([report[name] for report in told], dtype="Float64").to_numpy(
                             float, na_value=math.nan) for name in names}})


def _facts(run: TrainingRun) -> dict:
    begun, last = run.last("begun"), run.last("step")
    pairs = begun["lines"] - 1
    train = max(1, round(pairs * 0.9))
    return {"words": len(begun["words"]), "lines": begun["lines"], "repeats": begun["repeats"], "train": train,
            "validation": pairs - train, "chance": f"{1 / len(begun['words']):.2%}", "epoch": last["step"],
            "blind": f"{math.log(len(begun['words'])):.2f}", "loss": number(last["loss"]),
            "validation_loss": number(last["validation_loss"]), "accuracy": _share(last["train_accuracy"]),
            "validation_accuracy": _share(last["validation_accuracy"])}


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"
