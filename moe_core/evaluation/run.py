"""The whole evaluation of a model folder: losses by domain, baselines, routers and jobs, as one object of numbers.

It does not know where the object goes: a terminal, a file, a page.
"""

import platform
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from moe_core.corpus.mixture import Document
from moe_core.evaluation import compressor, heldout, routing
from moe_core.evaluation.losses import Read, read
from moe_core.evaluation.ngrams import ngram_losses
from moe_core.evaluation.ratios import Cost, Resampling, cost
from moe_core.tasks.answers import answer
from moe_core.tasks.embedding import read_states
from moe_core.tasks.measure import MOE, measure, retrieval
from moe_core.tracing.own import LoadedModel

TWINS = ("dense_active", "dense_total")
Say = Callable[[str], None]


@dataclass(frozen=True)
class Size:
    """How much is read and asked."""

    characters: int       # of every domain
    training: int         # documents the n-gram model and xz read before
    examples: int         # of every job and language
    library: int          # stories to search
    shuffles: int         # of the labels


FULL = Size(characters=12_000, training=12_000, examples=60, library=100, shuffles=200)
QUICK = Size(characters=1_200, training=1_500, examples=4, library=20, shuffles=40)


def evaluate(moe: LoadedModel, twins: dict[str, LoadedModel], size: Size, folder: Path | None = None,
             say: Say = lambda line: None) -> dict:
    """Everything, with the seeds and sizes it was made with."""
    began = time.monotonic()
    by_domain = heldout.heldout(size.characters, folder)
    documents = [document for domain in by_domain.values() for document in domain]
    sample = heldout.training_sample(size.training, folder)
    with ThreadPoolExecutor(1) as aside:  # xz holds no lock of Python's: it packs on the other core meanwhile
        packing = aside.submit(_packed, documents, "\n".join(sample))
        readings = {name: read(model, [document.text for document in documents], _counter(say, name))
                    for name, model in {MOE: moe, **twins}.items()}
        say("5-gram model")
        own, experts = readings[MOE], moe.model.config.num_experts
        grams = ngram_losses(moe.tokenizer.encode_all(sample), own.token_ids, moe.tokenizer.vocab_size)
        say("mutual information")
        of_routing = {"load": routing.load(own, experts),
                      "mutual_information": routing.mutual_information(own, documents, moe.tokenizer, experts,
                                                                       size.shuffles)}
        of_tasks = tasks({MOE: moe, **twins}, size, say)
        say("xz")
        baselines = {"ngram": np.array([losses.sum() for losses in grams]), "xz": packing.result() * own.sizes}
    settings = _settings(moe, twins, size, folder, documents) | {"seconds": round(time.monotonic() - began, 1)}
    return {"settings": settings, **losses(readings, documents, baselines), **of_routing, "tasks": of_tasks}


def tasks(models: dict[str, LoadedModel], size: Size, say: Say) -> dict:
    """Every job by every model."""
    systems = {name: lambda prompt, most, model=model: answer(model, prompt, most) for name, model in models.items()}
    found = measure(systems, size.examples, say=say)
    say("retrieval")
    readers = {name: partial(read_states, model) for name, model in models.items()}
    return found | {"retrieval": retrieval(readers, size.library)}


def losses(readings: dict[str, Read], documents: list[Document], baselines: dict[str, np.ndarray]) -> dict:
    """`domains` and `overall`: every system's cost, and how much less the MoE's is than a twin's."""
    names = np.array([document.domain for document in documents])
    languages = np.array([document.lang for document in documents])
    found = {"overall": _costs(readings, baselines, np.ones(len(names), bool)), "domains": {}, "languages": {}}
    for domain in dict.fromkeys(names.tolist()):
        found["domains"][domain] = _costs(readings, baselines, names == domain)
    for language in dict.fromkeys(languages.tolist()):
        found["languages"][language] = _costs(readings, baselines, languages == language)
    return found


def _costs(readings: dict[str, Read], baselines: dict[str, np.ndarray], where: np.ndarray) -> dict:
    """Of the documents `where`; counted in the MoE's tokens, which is fair to a twin with other tokens too."""
    own = readings[MOE]
    draws, counted = Resampling(int(where.sum())), (own.tokens[where], own.sizes[where])
    found = {"documents": int(where.sum()), "tokens": int(counted[0].sum()), "bytes": int(counted[1].sum())}
    nats = {name: reading.nats[where] for name, reading in readings.items()}
    nats |= {name: values[where] for name, values in baselines.items()}
    found |= {name: _told(cost(values, *counted, draws)) for name, values in nats.items()}
    found |= {name: None for name in TWINS if name not in nats}
    for other in (*TWINS, "ngram"):
        difference = _told(cost(nats[MOE] - nats[other], *counted, draws)) if other in nats else None
        found[f"moe_minus_{other}"] = difference
    return found


def _told(found: Cost) -> dict:
    return {"nats": round(found.nats.value, 5), "low": round(found.nats.low, 5), "high": round(found.nats.high, 5),
            "bits_per_byte": round(found.bits.value, 5), "bits_low": round(found.bits.low, 5),
            "bits_high": round(found.bits.high, 5)}


def _packed(documents: list[Document], sample: str) -> np.ndarray:
    """Nats per byte of every document by xz after the sample; it packs a domain's documents together."""
    nats = np.zeros(len(documents))
    names = np.array([document.domain for document in documents])
    for domain in dict.fromkeys(names.tolist()):
        here = np.flatnonzero(names == domain)
        nats[here] = compressor.bits_per_byte("\n".join(documents[one].text for one in here), sample) * np.log(2)
    return nats


def _settings(moe: LoadedModel, twins: dict[str, LoadedModel], size: Size, folder: Path | None,
              documents: list[Document]) -> dict:
    return {"model": moe.name, "model_hash": moe.hash, "parameters": moe.model.num_parameters(),
            "twins": {name: {"model": twin.name, "model_hash": twin.hash, "parameters": twin.model.num_parameters()}
                      for name, twin in twins.items()},
            "format": str(moe.model.dtype).removeprefix("torch.").replace("float", "fp"), "device": "CPU",
            "python": platform.python_version(), "seed": 1, "outside_data": folder is not None,
            "documents": len(documents), **vars(size)}


def _counter(say: Say, name: str) -> Callable[[int, int], None]:
    return lambda done, total: say(f"{name}: {done} of {total} documents")
