"""What was done to make a model, as one small file beside it: its corpus, its tokenizer, its dials and its time.

The numbers come from the run's own files; losses and loads stay in the run's logs. `load` needs no torch.
"""

import hashlib
import json
import re
from collections import Counter
from pathlib import Path

FORMAT, VERSION, NAME = "moescope-history", 1, "history.json"
PARTS = ("data", "preprocessing", "training")
HAN = re.compile(r"[\u3400-\u9fff]")
LANGUAGES = ("en", "zh")


class HistoryError(ValueError):
    """A file that holds no history; the message names it."""


def of_run(run: Path, model: Path, corpus: Path, heldout: Path) -> dict:
    """Count the corpus and its tokens, read the dials of the run, describe the finished model in its folder."""
    from moe_core.tracing.own import load_model

    loaded = load_model(model)
    data = {"training": described(corpus), "heldout": described(heldout)}
    return {"format": FORMAT, "version": VERSION, "model": loaded.name, "model_hash": loaded.hash, "data": data,
            "preprocessing": _tokens(loaded.tokenizer, run, heldout),
            "training": _dials(run) | {"parameters": loaded.model.num_parameters()}}


def save(found: dict, folder: Path) -> Path:
    """Write it beside the model."""
    path = Path(folder) / NAME
    path.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return path


def load(folder: Path) -> dict | None:
    """The history of a model; None when none lies beside it."""
    path = Path(folder) / NAME
    if not path.is_file():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if (found["format"], found["version"]) != (FORMAT, VERSION) or not all(found[part] for part in PARTS):
            raise ValueError(f"must be {FORMAT} version {VERSION} with {', '.join(PARTS)}")
        return found
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise HistoryError(f"{path} holds no history of a model ({type(error).__name__}: {error})") from None


def described(path: Path) -> dict:
    """How much is in a corpus file: documents, characters and bytes of their texts, by domain and by language."""
    from moe_core.training.documents import records

    found = records(path)
    domains, languages = Counter(), Counter()
    characters = Counter()
    for record in found:
        domain = str(record.get("domain") or "")
        domains[domain] += 1
        languages[str(record.get("lang") or "")] += 1
        characters[domain] += len(record["text"])
    return {"documents": len(found), "characters": characters.total(),
            "bytes": sum(len(record["text"].encode()) for record in found),
            "sha256": hashlib.sha256(Path(path).read_bytes()).hexdigest(),
            "domains": {name: [count, characters[name]] for name, count in domains.most_common()},
            "languages": dict(languages.most_common())}


def _tokens(tokenizer, run: Path, heldout: Path) -> dict:
    """The vocabulary, and how many characters a token has on held-out text in each language."""
    from moe_core.training.documents import records

    units = tokenizer.units
    texts = {language: [record["text"] for record in records(heldout) if record.get("lang") == language]
             for language in LANGUAGES}
    return {"vocabulary": len(units), "bytes": sum(isinstance(unit, int) for unit in units),
            "han_pieces": sum(isinstance(unit, str) and bool(HAN.search(unit)) for unit in units),
            "characters_per_token": {language: _density(tokenizer, known) for language, known in texts.items()},
            "tokens": _stream(run, "training"), "heldout_tokens": _stream(run, "heldout")}


def _density(tokenizer, texts: list[str]) -> float | None:
    tokens = sum(map(len, tokenizer.encode_all(texts)))
    return round(sum(map(len, texts)) / tokens, 4) if tokens else None


def _stream(run: Path, name: str) -> int | None:
    """How many tokens the run read from; None where its token file is gone."""
    path = Path(run) / f"{name}.tokens"
    return path.stat().st_size // 2 if path.is_file() else None


def _dials(run: Path) -> dict:
    from moe_core.training.checkpoint import load_checkpoint
    from moe_core.training.loop import CHECKPOINT

    state = load_checkpoint(Path(run) / CHECKPOINT)
    dials, step = state["identity"], state["step"]
    return {"steps": step, "seconds": round(state["seconds"], 1),
            "tokens": step * dials["batch_size"] * dials["length"], "dials": dials}
