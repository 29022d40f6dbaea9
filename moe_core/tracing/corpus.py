"""Many routed texts in one: as one routing table with labels, and as one small file that needs no model.

It keeps who was chosen and how much it counted, not the raw scores; those are in a single text's trace.
"""

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from moe_core.text.tags import part_of_text, token_tags
from moe_core.tracing.trace import RoutingTrace

FORMAT, VERSION = "moescope-corpus", 1
STEPS = 1000  # weights are kept to a thousandth
LABELS = ("token_id", "token", "language", "script", "part_of_speech", "entity", "domain")
LATER = ("entity", "domain")  # labels that older files do not have
MOST_TOKENS, FEWEST = 40, 8  # tokens that are a kind of their own: the most frequent ones, and how frequent at least


class CorpusError(ValueError):
    """A corpus file that cannot be read; the message names it."""


@dataclass(frozen=True, eq=False)
class RoutedCorpus:
    """Several texts through the same model."""

    model: str
    model_hash: str
    experts: int             # E
    layers: tuple[int, ...]  # (L,)
    tokens: pd.DataFrame     # N rows: text, position and the LABELS
    expert_ids: np.ndarray   # (L, N, K) best first
    weights: np.ndarray      # (L, N, K) to a thousandth

    def routing(self) -> pd.DataFrame:
        """The routing table of all texts, without probabilities, with every label of the tokens as a column."""
        layers, length, _ = self.expert_ids.shape
        shape = (layers, length, self.experts)
        rank, weight = np.zeros(shape, np.int64), np.zeros(shape, np.float32)  # 0 = not chosen
        np.put_along_axis(rank, self.expert_ids, np.arange(1, self.expert_ids.shape[2] + 1), axis=2)
        np.put_along_axis(weight, self.expert_ids, self.weights, axis=2)
        row = np.tile(np.repeat(np.arange(length), self.experts), layers)
        labels = self.tokens.assign(
            part_of_text=part_of_text(self.tokens["position"]),
            language_and_part=self.tokens["language"] + " " + self.tokens["part_of_speech"],  # "zh VERB"
            frequent_token=_frequent(self.tokens["token"]))
        return labels.take(row).reset_index(drop=True).assign(
            layer=np.repeat(self.layers, length * self.experts),
            expert=np.tile(np.arange(self.experts), layers * length),
            weight=weight.ravel(), rank=rank.ravel())


def corpus_of(traces: Iterable[RoutingTrace], domains: Iterable[str | None] = ()) -> RoutedCorpus:
    """Join traces of one model; every token gets its labels from its own text, and the domain given for that text."""
    traces = list(traces)
    domains = list(domains) or [None] * len(traces)
    if not traces:
        raise ValueError("there is no text to join")
    first = traces[0]
    for name in ("model_hash", "layers", "experts", "experts_per_token"):
        if any(getattr(trace, name) != getattr(first, name) for trace in traces):
            raise ValueError(f"all texts must have gone through one model, got different {name}")
    tokens = pd.concat([_labelled(trace, domain).assign(text=number) for number, (trace, domain)
                        in enumerate(zip(traces, domains, strict=True))], ignore_index=True)
    weights = np.concatenate([trace.weights for trace in traces], axis=1)
    return RoutedCorpus(first.model, first.model_hash, first.experts, first.layers,
                        tokens[["text", "position", *LABELS]],
                        np.concatenate([trace.expert_ids for trace in traces], axis=1),
                        np.rint(weights * STEPS).astype(np.float32) / STEPS)


def save(corpus: RoutedCorpus, path: str | Path) -> Path:
    """Write the corpus to `path` and return it."""
    tokens = corpus.tokens.astype(object).where(corpus.tokens.notna(), None)
    body = {
        "format": FORMAT, "version": VERSION, "model": corpus.model, "model_hash": corpus.model_hash,
        "experts": corpus.experts, "layers": list(corpus.layers), "experts_per_token": corpus.expert_ids.shape[2],
        "tokens": {"text_lengths": tokens.groupby("text").size().tolist(),
                   **{name: _packed(tokens[name]) for name in LABELS}},
        "expert_ids": _base64(corpus.expert_ids), "weights": _base64(np.rint(corpus.weights * STEPS)),
    }
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(body, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    return path


def load(path: str | Path) -> RoutedCorpus:
    """Read a corpus back, or say which file is wrong and why."""
    try:
        return _unpack(json.loads(Path(path).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise CorpusError(f"{path}: not a whole corpus file ({type(error).__name__}: {error})") from error


def _frequent(tokens: pd.Series) -> pd.Series:
    """Each token that is among the most frequent; missing for the others."""
    counts = tokens.value_counts()
    return tokens.where(tokens.isin(counts[counts >= FEWEST].index[:MOST_TOKENS]), None)


def _labelled(trace: RoutingTrace, domain: str | None) -> pd.DataFrame:
    return token_tags(trace.pieces).assign(
        token_id=trace.token_ids, token=[piece.label for piece in trace.pieces],
        domain=pd.Series([domain] * len(trace.pieces), dtype=object))


def _unpack(body: dict) -> RoutedCorpus:
    if (body["format"], body["version"]) != (FORMAT, VERSION):
        raise ValueError(f"must be {FORMAT} version {VERSION}, got {body['format']} version {body['version']}")
    packed, lengths = body["tokens"], body["tokens"]["text_lengths"]
    shape = (len(body["layers"]), sum(lengths), body["experts_per_token"])
    tokens = pd.DataFrame({"text": np.repeat(np.arange(len(lengths)), lengths),
                           "position": np.concatenate([np.arange(length) for length in lengths]),
                           **{name: _unpacked(packed[name]) if name in packed or name not in LATER
                              else pd.Series([None] * sum(lengths), dtype=object) for name in LABELS}})
    expert_ids = _numbers(body["expert_ids"], shape).astype(np.int64)
    if expert_ids.max() >= body["experts"]:
        raise ValueError(f"expert numbers must lie in 0..{body['experts'] - 1}, got {expert_ids.max()}")
    return RoutedCorpus(body["model"], body["model_hash"], body["experts"], tuple(body["layers"]), tokens, expert_ids,
                        _numbers(body["weights"], shape).astype(np.float32) / STEPS)


def _packed(labels: pd.Series) -> dict:
    """Each label once, and for every token which one."""
    codes, names = pd.factorize(labels, sort=False)
    return {"names": names.tolist(), "codes": _base64(codes + 1)}  # 0 = no label


def _unpacked(packed: dict) -> pd.Series:
    codes = _numbers(packed["codes"], (-1,)).astype(np.int64)
    return pd.Series([None, *packed["names"]], dtype=object).take(codes).reset_index(drop=True).infer_objects()


def _base64(numbers: np.ndarray) -> str:
    return base64.b64encode(np.asarray(numbers).astype("<u2").tobytes()).decode()


def _numbers(text: str, shape: tuple[int, ...]) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text, validate=True), "<u2").reshape(shape)
