"""From two corpus files to a tokenizer and two token streams, kept in the folder of the run."""

from contextlib import suppress
from pathlib import Path

from moe_core.tokenizer import Tokenizer
from moe_core.training.batches import TokenStream, write_stream
from moe_core.training.documents import by_domain, read_documents, sentences_for_tokenizer
from moe_core.training.loop import Streams
from moe_core.training.presets import Dials

TRAINING, HELDOUT, DOMAIN = "training.tokens", "heldout.tokens", "heldout.{}.tokens"


def prepare(corpus: Path, heldout: Path, folder: Path, dials: Dials, fresh: bool,
            known: Path | None = None) -> tuple[Tokenizer, Streams]:
    """A fresh run encodes both files; a resumed one finds them encoded.

    `known` is the folder of a tokenizer to take (a twin must read the very same tokens); None = learn one.
    """
    if fresh:
        documents = read_documents(corpus)
        judged_on = read_documents(heldout)
        tokenizer = (Tokenizer.load(known) if known else
                     Tokenizer.train(sentences_for_tokenizer(documents, seed=dials.seed)))
        tokenizer.save(folder)
        write_stream(folder / TRAINING, tokenizer, documents, dials.seed)
        write_stream(folder / HELDOUT, tokenizer, judged_on, dials.seed)
        for domain, texts in by_domain(heldout).items():
            write_stream(folder / DOMAIN.format(domain), tokenizer, texts, dials.seed)
    training, judged = (TokenStream(folder / name, dials.length) for name in (TRAINING, HELDOUT))
    return Tokenizer.load(folder), Streams(training, judged, _domains(folder, dials.length))


def _domains(folder: Path, length: int) -> dict[str, TokenStream]:
    """The held-out domains that have enough tokens to be judged alone."""
    found = {}
    for path in sorted(folder.glob(DOMAIN.format("*"))):
        name = path.name.removeprefix(DOMAIN.split("{}")[0]).removesuffix(path.suffix)
        with suppress(ValueError):
            found[name] = TokenStream(path, length)
    return found
