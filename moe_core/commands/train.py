"""`train`: the thousand-word experiment, a live run of the laboratory, the table of strategies, or a whole model.

It computes nothing: moe_core.lab and moe_core.training do, this reads arguments and prints.
"""

import argparse
import math
from dataclasses import fields
from pathlib import Path

from moe_core.commands.arguments import add_json
from moe_core.commands.printing import columns
from moe_core.lab.dials import LabDials

THOUSAND, LAB, GPT2 = "thousand-words", "lab", "gpt2-ours"
SOURCES = ("stories", "poems", "own")
LAB_ONLY = ("selection", "sharing", "fusion", "precision", "z", "capacity", "noise", "steps")
BOTH = ("experts", "k", "balance", "learning_rate", "seed")


def add(commands: argparse._SubParsersAction) -> None:
    """Make `train` known."""
    from moe_core.training.presets import PRESETS

    parser = commands.add_parser("train", help="the thousand-word experiment, a small live run, or a whole model")
    parser.add_argument("--preset", choices=(THOUSAND, LAB, GPT2, *PRESETS), default=THOUSAND,
                        help="thousand-words: the source article's experiment (default); lab: a small MoE beside its "
                             "dense twin; the others train a whole model and need --corpus, --heldout, --out")
    parser.add_argument("--words", type=Path, metavar="FILE", help="a word list of your own, one word on every line")
    parser.add_argument("--text", default="stories", metavar="stories|poems|FILE", help="what the preset lab reads")
    parser.add_argument("--epochs", type=int, metavar="N", help="of the thousand words (10)")
    for field in fields(LabDials):
        if field.name in (*LAB_ONLY, *BOTH):
            parser.add_argument(f"--{field.name.replace('_', '-')}", type=field.type, metavar=field.name[:1].upper(),
                                help=f"of the laboratory ({field.default})")
    parser.add_argument("--no-gate", action="store_true", help="thousand words as the article's code: no gate at all")
    for name, what in (("corpus", "JSON Lines to learn from"), ("heldout", "and to be judged on"),
                       ("out", "folder of a whole model's run, or the table's file")):
        parser.add_argument(f"--{name}", type=Path, help=what)
    parser.add_argument("--tokenizer", type=Path, metavar="FOLDER", help="of a whole model: a tokenizer to take, as a "
                        "dense twin must; without it one is learnt")
    parser.add_argument("--resume", action="store_true", help="go on with a whole model's run")
    parser.add_argument("--table", action="store_true", help="measure every strategy of selection, sharing and fusion; "
                        "goes on where the table in --out ends")
    parser.add_argument("--minutes", type=float, help="stop after so long: of the table (4), of a whole model's run")
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> dict:
    """Do what the preset says; returns the JSON object."""
    if arguments.table:
        return _table(arguments)
    if arguments.preset == THOUSAND:
        return _thousand(arguments)
    if arguments.preset == LAB:
        return _lab(arguments)
    return _gpt2(arguments) if arguments.preset == GPT2 else _whole(arguments)


def _thousand(arguments: argparse.Namespace) -> dict:
    from moe_core.lab import wordlist
    from moe_core.lab.thousand import learn
    from moe_core.lab.word_experts import ThousandDials

    words = wordlist.read(arguments.words.read_bytes()) if arguments.words else wordlist.shipped()
    dials = ThousandDials(**_given(arguments, *BOTH, "epochs"), gate=not arguments.no_gate)
    print(f"{len(words.words)} words on {len(words.sequence)} lines, {words.repeats} repeat an earlier one; "
          f"{dials.experts} experts {len(words.words)} -> {dials.hidden} -> {len(words.words)}")
    rows, epoch = [["epoch", "loss", "validation", "accuracy", "recall", "F1", "validation accuracy", "sample"]], None
    for epoch in learn(words, dials):
        if epoch.state == "good":
            rows.append([str(epoch.epoch), *map(_short, (epoch.loss, epoch.validation_loss, *epoch.train,
                                                         epoch.validation.accuracy)), " ".join(epoch.sample)])
    print(columns(rows))
    if epoch.state == "diverged":
        print(f"the loss diverged after epoch {epoch.epoch}: a learning rate of {dials.learning_rate:g} is too high; "
              "what follows is the last good state")
    return {"preset": THOUSAND, "state": epoch.state, "words": len(words.words), "experts": dials.experts,
            "epochs": epoch.epoch, "batch": dials.batch, "loss": _known(epoch.loss),
            "validation_loss": _known(epoch.validation_loss), "accuracy": _known(epoch.train.accuracy),
            "recall": _known(epoch.train.recall), "f1": _known(epoch.train.f1),
            "validation_accuracy": _known(epoch.validation.accuracy),
            "validation_recall": _known(epoch.validation.recall), "validation_f1": _known(epoch.validation.f1),
            "load": epoch.load, "seconds": round(epoch.seconds, 3), "sample": " ".join(epoch.sample)}


def _lab(arguments: argparse.Namespace) -> dict:
    from moe_core.lab.live import train
    from moe_core.lab.texts import prepared

    dials = LabDials(**_given(arguments, *BOTH, *LAB_ONLY))
    own = arguments.text not in SOURCES[:2]
    text = prepared("own" if own else arguments.text, Path(arguments.text).read_bytes() if own else "",
                    dials.vocabulary, dials.length)
    begun, rows, last = {}, [["step", "loss", "dense twin", "held-out", "its twin's", "MaxVio", "tokens/s"]], {}
    for report in filter(None, train(dials, text)):
        begun, last = (report if report["kind"] == "begun" else begun), last | report
        if report["kind"] == "step" and "validation_loss" in report:
            rows.append([str(report["step"]), *map(_short, (
                report["loss"], report["twin_loss"], report["validation_loss"], report["twin_validation_loss"],
                max(report["max_violation"]))), str(report["tokens_per_second"])])
    print(columns(rows))
    print(f"{begun['parameters']:,} parameters, {begun['active']:,} active; "
          f"the dense twin {begun['twin_parameters']:,}")
    if last["state"] == "diverged":
        print(f"the loss diverged at step {last['at']}: a learning rate of {dials.learning_rate:g} is too high; "
              f"the last good state is that of step {last['step']}")
    return {"preset": LAB, "epochs": last["step"] * dials.batch * dials.length / begun["training_tokens"],
            **dials.as_json(), "recall": None, "f1": None, "accuracy": None,
            **{name: value for name, value in last.items() if name != "kind"}}


def _table(arguments: argparse.Namespace) -> dict:
    from moe_core.lab.table import TABLE, measure, summary

    path = arguments.out or TABLE
    complete = measure(path, 60 * (4.0 if arguments.minutes is None else arguments.minutes), print)
    rows = summary(path)
    print(columns([list(rows.columns), *([_cell(value) for value in row] for row in rows.itertuples(index=False))]))
    return {"file": str(path), "complete": complete,
            "rows": rows.astype(object).where(rows.notna(), None).to_dict("records")}


def _whole(arguments: argparse.Namespace) -> dict:
    """The presets of moe_core.training, by its own hand."""
    _need_files(arguments)
    from moe_core.training.__main__ import train

    train(arguments)
    return {"preset": arguments.preset, "model": str(arguments.out / "model")}


def _gpt2(arguments: argparse.Namespace) -> dict:
    """A small GPT-2 of ours for the article's snippet; its folder belongs in assets/models/gpt2-ours."""
    _need_files(arguments)
    from moe_core.gpt2 import train as training

    dials = training.Dials(**_given(arguments, "steps", "seed", "learning_rate"),
                           **({} if arguments.minutes is None else {"minutes": arguments.minutes or None}))
    folder = training.train(arguments.corpus, arguments.heldout, arguments.out, dials)
    size = sum(file.stat().st_size for file in folder.iterdir())
    print(f"model: {folder}, {size / 1e6:.1f} MB")
    return {"preset": GPT2, "model": str(folder), "bytes": size}


def _need_files(arguments: argparse.Namespace) -> None:
    missing = [name for name in ("corpus", "heldout", "out") if getattr(arguments, name) is None]
    if missing:
        raise ValueError(f"the preset {arguments.preset} trains a whole model: give --{', --'.join(missing)}")


def _given(arguments: argparse.Namespace, *names: str) -> dict:
    return {name: getattr(arguments, name) for name in names if getattr(arguments, name) is not None}


def _known(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 5)


def _short(value: float | None) -> str:
    return "-" if value is None or value != value else f"{value:.3f}"


def _cell(value: object) -> str:
    if value is None or value != value:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
