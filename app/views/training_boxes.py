"""What each step made of *this* model, as a Box: numbers and rows from shipped logs and recordings, or nothing.

It reads; training_pipeline.py says it in words.
"""

from collections.abc import Callable
from functools import partial
from statistics import median
from typing import NamedTuple

from app import shipped
from app.session import Session
from app.views import tasks_scores
from app.views.panel import percent
from app.words import say, sentences
from moe_core.evaluation import recording
from moe_core.training import history

SENTENCE = "我喜欢学习AI"  # the source article's
MOST_PIECES = 40
SHAPE = ("num_hidden_layers", "hidden_size", "num_attention_heads", "num_experts", "num_experts_per_tok",
         "moe_intermediate_size", "shared_intermediate_size", "vocab_size", "max_position_embeddings")
LOSSES = ("router_aux_loss_coef", "router_z_loss_coef")
DIALS = ("seed", "batch_size", "length", "learning_rate", "warmup_steps", "final_share", "weight_decay", "clip")


class Box(NamedTuple):
    """One step; without numbers and rows where nothing is recorded."""

    told: str = ""                   # in the box itself
    numbers: dict[str, str] = {}     # name in words -> value
    facts: dict = {}                 # what the sentences of the step are filled with
    rows: list[list[str]] = []       # of its table
    head: tuple[str, ...] = ()
    table: str = ""                  # name of the table in words; "" = none
    figure: str = ""                 # name of its picture; "" = none
    known: bool = False              # whether this step has its recording


def data(session: Session) -> Box:
    """What was collected, by kind of text; only the card's sources where the run left no history."""
    found, speak = _history(), partial(say, session.language)
    if found is None:
        rows = shipped.card_table(shipped.MODEL, "What it read")
        return Box(rows=rows, head=("source", "licence"), table="sources" if rows else "")
    read, held = found["data"]["training"], found["data"]["heldout"]
    rows = [[domain_name(name, session.language), f"{count:,}", f"{characters:,}",
             percent(characters / max(read["characters"], 1))] for name, (count, characters) in read["domains"].items()]
    numbers = {"documents": f"{read['documents']:,}", "characters": f"{read['characters']:,}",
               "megabytes": f"{read['bytes'] / 1e6:.1f} MB", "kinds": str(len(read["domains"])),
               "heldout": f"{held['documents']:,}"}
    facts = {"sha256": read["sha256"][:12], "documents": f"{read['documents']:,}",
             "languages": ", ".join(f"{_language(name, speak)} {count:,}" for name, count in read["languages"].items())}
    return Box(speak("pipeline.data.told", **facts), numbers, facts, rows, ("kind", "documents", "characters", "share"),
               "domains", known=True)


def preprocessing(session: Session) -> Box:
    """The shipped tokenizer at work on the article's sentence, and what it did to the corpus."""
    from moe_core.text.cleaning import clean
    from moe_core.tokenizer import Tokenizer

    try:
        tokenizer = Tokenizer.load(shipped.MODEL)
    except (OSError, ValueError):
        return Box()
    typed = f"  {SENTENCE}！\u3000I like learning AI. "
    cleaned = clean(typed).text
    token_ids = tokenizer.encode(cleaned)[:MOST_PIECES]
    pieces = [piece.label for piece in tokenizer.pieces(token_ids)]
    rows = [[say(session.language, f"pipeline.preprocessing.row.{name}"), value] for name, value in {
        "typed": f"“{typed}”", "cleaned": cleaned, "pieces": " | ".join(pieces),
        "ids": " ".join(map(str, token_ids))}.items()]
    numbers = {"vocabulary": f"{tokenizer.vocab_size:,}", "pieces": f"{len(token_ids)}"}
    found = (_history() or {}).get("preprocessing", {})
    for language, density in (found.get("characters_per_token") or {}).items():
        numbers |= {f"density.{language}": f"{density:.2f}"} if density else {}
    numbers |= {"tokens": f"{found['tokens']:,}"} if found.get("tokens") else {}
    facts = {"vocabulary": numbers["vocabulary"], "n": len(token_ids)}
    return Box(say(session.language, "pipeline.preprocessing.told", **facts), numbers, facts, rows, ("step", "result"),
               "steps", known=True)


def training(session: Session) -> Box:
    """Losses and load from the run's log, dials from its history and its configuration."""
    rows, speak = shipped.log(shipped.MODEL), partial(say, session.language)
    if not rows:
        return Box()
    judged, last = [row for row in rows if "validation_loss" in row], rows[-1]
    violations = [value for name, value in last.items() if name.startswith("max_violation_")]
    known = (_history() or {}).get("training", {})
    numbers = {"steps": f"{int(known.get('steps', last['step'])):,}",
               "tokens": f"{int(known.get('tokens', last['tokens'])):,}",
               "loss": f"{rows[0]['loss']:.2f} → {last['loss']:.2f}"}
    numbers |= {"heldout": f"{judged[-1]['validation_loss']:.3f}"} if judged else {}
    numbers |= {"speed": f"{median(row['tokens_per_second'] for row in rows):,.0f}"}
    numbers |= {"time": f"{known['seconds'] / 60:.0f} min"} if known else {}
    numbers |= {"violation": f"{max(violations):.2f}"} if violations else {}
    facts = {"model": shipped.MODEL.name, "rows": len(rows), "at": f"{int(last['step']):,}",
             "judged": f"{int(judged[-1]['step']):,}" if judged else "–", "layers": len(violations),
             "steps": numbers["steps"], "loss": f"{last['loss']:.2f}"}
    config = shipped.config(shipped.MODEL)
    told = {name: config[name] for name in (*SHAPE, *LOSSES) if name in config}
    told |= {name: known["dials"][name] for name in DIALS if known and name in known["dials"]}
    table = [[speak(f"pipeline.dial.{name}"), f"{value:g}" if isinstance(value, float) else f"{value:,}"]
             for name, value in told.items()]
    return Box(speak("pipeline.training.told", **facts), numbers, facts, table, ("dial", "value"),
               "dials" if table else "", "losses", known=True)


def evaluation(session: Session) -> Box:
    """The recorded evaluation: loss with its interval, load, and every job."""
    found, speak = evaluated(), partial(say, session.language)
    if found is None:
        return Box()
    overall, settings = found["overall"], found["settings"]
    own = overall["moe"]
    numbers = {"nats": f"{own['nats']:.3f}", "bits": f"{own['bits_per_byte']:.3f}",
               "violation": f"{found['load']['max_violation']:.2f}"}
    numbers |= {"ngram": f"{overall['ngram']['nats']:.3f}"} if overall.get("ngram") else {}
    rows = [[speak(f"tasks.scored.{name}"), speak(f"tasks.metric.{row['metric']}"), str(row["n"]),
             f"{row['value']:.3f}", f"{row['low']:.3f} – {row['high']:.3f}", f"{row['baseline']:.3f}"]
            for name, row in found["tasks"].items() if f"tasks.scored.{name}" in sentences(session.language)]
    facts = {"model": settings["model"], "n": f"{overall['documents']:,}", "tokens": f"{overall['tokens']:,}",
             "format": settings["format"], "device": settings["device"], "nats": numbers["nats"],
             "low": f"{own['low']:.3f}", "high": f"{own['high']:.3f}"}
    return Box(speak("pipeline.evaluation.told", **facts), numbers, facts, rows,
               ("job", "metric", "n", "score", "interval", "baseline"), "jobs", "domains", known=True)


def deployment(session: Session) -> Box:
    """What ships, and what the recorded exports weigh and do."""
    found, size = shipped.read_json(shipped.EXPORTS), shipped.parameter_bytes(shipped.MODEL)
    if not found or not found.get("rows") or not size:
        return Box()
    rows, settings = found["rows"], found["settings"]
    table = [[row["plan"], f"{row['bytes'] / 1e6:.2f} MB", f"{row['milliseconds_per_token']:.1f}", f"{row['kl']:.2g}",
              percent(row["flips"]), f"{row['greedy_same']} / {row['greedy_tokens']}"] for row in rows]
    least = min(rows, key=lambda row: row["bytes"])
    numbers = {"shipped": f"{size / 1e6:.1f} MB", "smallest": f"{least['bytes'] / 1e6:.1f} MB",
               "speed": f"{rows[0]['milliseconds_per_token']:.1f} ms"}
    facts = {"model": settings["model"], "n": settings["tokens"], "texts": settings["texts"], "plan": least["plan"],
             "format": rows[0]["format"], "device": settings["device"], "runtime": rows[0]["runtime"],
             "size": numbers["shipped"]}
    return Box(say(session.language, "pipeline.deployment.told", **facts), numbers, facts, table,
               ("plan", "size", "time", "kl", "flips", "same"), "exports", known=True)


BOXES: dict[str, Callable[[Session], Box]] = {
    "data": data, "preprocessing": preprocessing, "training": training, "evaluation": evaluation,
    "deployment": deployment}


def evaluated() -> dict | None:
    """The shipped evaluation, or None."""
    try:
        return recording.load(tasks_scores.EVALUATION)
    except recording.RecordingError:
        return None


def other_model(facts: dict) -> bool:
    """Whether a recording is of another model than the one that ships."""
    return "model" in facts and facts["model"] != shipped.MODEL.name


def domain_name(name: str, language: str) -> str:
    """A kind of text in words; one that has none keeps its own name."""
    key = f"tasks.domain.{name}"
    return say(language, key) if key in sentences(language) else name or "–"


def _language(name: str, speak) -> str:
    return speak(f"pipeline.language.{name}") if name in ("en", "zh", "both", "python", "none") else name or "–"


def _history() -> dict | None:
    try:
        return history.load(shipped.MODEL)
    except history.HistoryError:
        return None
