"""Held-out documents by domain, from the corpus' own evaluation split, up to a size; the same seed gives the same ones.

It knows no model.
"""

import itertools
import random
from collections.abc import Iterator
from pathlib import Path

from moe_core.corpus import documents, outside
from moe_core.corpus.mixture import OUTSIDE_SHARES, WORLD_SHARES, Document, stream
from moe_core.corpus.split import held_out

TRAINING_SEED = 0  # of the corpus that the shipped models read
ROUNDS = 400       # documents of one domain at most


def heldout(characters: int, folder: Path | None = None, seed: int = 1) -> dict[str, list[Document]]:
    """For every domain, whole documents until `characters` are reached; outside domains need their folder."""
    found = {domain: _until(_of_domain(domain, seed), characters) for domain in WORLD_SHARES}
    if folder is not None:
        found |= _outside(folder, characters)
    return found


def training_sample(count: int, folder: Path | None = None) -> list[str]:
    """The first documents of the corpus that training reads, as `python -m moe_core.corpus --seed 0` writes them."""
    return [document.text for document in itertools.islice(stream(TRAINING_SEED, folder), count)]


def _of_domain(domain: str, seed: int) -> Iterator[Document]:
    pick = random.Random(f"heldout-{domain}-{seed}")
    while True:
        plan = pick.getrandbits(40)
        if held_out("plan", plan):
            yield Document(domain, *documents.MAKERS[domain](plan))


def _outside(folder: Path, characters: int) -> dict[str, list[Document]]:
    records, pick = outside.Records(folder, evaluation=True), random.Random("heldout-outside")
    return {domain: _until((Document(domain, *records.document(domain, pick)) for _ in itertools.count()), characters)
            for domain in OUTSIDE_SHARES}


def _until(made: Iterator[Document], characters: int) -> list[Document]:
    """Different documents until there are so many characters, or until no new ones come."""
    found: dict[str, Document] = {}
    size = 0
    for document in itertools.islice(made, ROUNDS):
        if document.text not in found:
            found[document.text] = document
            size += len(document.text)
        if size >= characters:
            break
    return list(found.values())
