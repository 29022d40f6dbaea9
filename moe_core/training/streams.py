"""From two corpus files to a tokenizer and two token streams, kept in the folder of the run."""

from pathlib import Path

from moe_core.tokenizer import Tokenizer
from moe_core.training.batches import TokenStream, write_stream
from moe_core.training.documents import read_documents, sentences_for_tokenizer
from moe_core.training.loop import Streams
from moe_core.training.presets import Dials


def prepare(corpus: Path, heldout: Path, folder: Path, dials: Dials, fresh: bool) -> tuple[Tokenizer, Streams]:
    """A fresh run learns its tokenizer from the corpus and encodes both files; a resumed one finds all that."""
    files = {"training": folder / "training.tokens", "heldout": folder / "heldout.tokens"}
    if fresh:
        documents = read_documents(corpus)
        judged_on = read_documents(heldout)
        tokenizer = Tokenizer.train(sentences_for_tokenizer(documents, seed=dials.seed))
        tokenizer.save(folder)
        write_stream(files["training"], tokenizer, documents, dials.seed)
        write_stream(files["heldout"], tokenizer, judged_on, dials.seed)
    return Tokenizer.load(folder), Streams(**{name: TokenStream(file, dials.length) for name, file in files.items()})
