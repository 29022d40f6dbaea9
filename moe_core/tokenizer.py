"""Text to token ids and back, and the pieces of a text that a reader can see.

Needs only the `tokenizers` wheel; it knows nothing of models, traces or pages.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import tokenizers
from tokenizers import decoders, models, pre_tokenizers, trainers

from moe_core.pieces import Piece

END = "<|end|>"  # id 0: begins and ends every document; text typed by a visitor never becomes it
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]  # ids 1..256: any character outside the alphabet, byte by byte
LONGEST_PIECE = 16  # characters
LONGEST_HAN_PIECE = 2  # most Chinese words; longer runs of a repetitive corpus are its phrases, not words
# A space belongs to the word after it, every digit stands alone, Chinese runs stay whole so that words become pieces.
SPLIT = "|".join([
    r"'(?:s|t|re|ve|m|ll|d)(?!\p{L})",
    r" ?[\p{Latin}\p{M}]+",
    r"\p{Han}+",
    r" ?(?:(?![\p{Latin}\p{Han}])[\p{L}\p{M}])+",
    r"\p{N}",
    r" ?[^\s\p{L}\p{M}\p{N}]+",
    r"\n",
    r"[^\S\n]+(?!\S)",
    r"[^\S\n]+",
])  # fmt: skip


class Tokenizer:
    """Character BPE with byte fallback: loses nothing, and keeps every common character in one piece."""

    def __init__(self, backend: tokenizers.Tokenizer):
        backend.encode_special_tokens = True  # a typed "<|end|>" is seven ordinary characters
        self._backend = backend
        self._units = _units(backend)

    @property
    def vocab_size(self) -> int:
        return len(self._units)

    @property
    def end_id(self) -> int:
        return 0

    @property
    def units(self) -> tuple[str | int, ...]:
        """What every id stands for: its text, or the value of its byte; other programs' tokenizers are made of it."""
        return tuple(self._units)

    @property
    def merges(self) -> list[tuple[str, str]]:
        """The pairs of pieces that become one, the first to be tried first."""
        return [(left, right) for left, right in json.loads(self._backend.to_str())["model"]["merges"]]

    def encode(self, text: str) -> list[int]:
        """The ids of `text`, without END; the empty text has none."""
        return self._backend.encode(_without_surrogates(text), add_special_tokens=False).ids

    def encode_all(self, texts: Sequence[str]) -> list[list[int]]:
        """`encode` for many texts at once, on all cores."""
        encodings = self._backend.encode_batch_fast([_without_surrogates(t) for t in texts], add_special_tokens=False)
        return [encoding.ids for encoding in encodings]

    def decode(self, ids: Iterable[int]) -> str:
        """The text of `ids`; END and bytes that form no character (the end of a cut text) are left out."""
        units = (self._unit(token) for token in ids)
        raw = b"".join(bytes([unit]) if isinstance(unit, int) else unit.encode() for unit in units if unit != END)
        return raw.decode("utf-8", errors="ignore")

    def pieces(self, ids: Iterable[int]) -> list[Piece]:
        """One piece per id; bytes that form a character carry that character and their place in it."""
        pieces, run = [], bytearray()
        for unit in map(self._unit, ids):
            if isinstance(unit, int):
                run.append(unit)
                continue
            pieces += _pieces_of_bytes(run)
            run.clear()
            pieces.append(Piece(unit))
        return pieces + _pieces_of_bytes(run)

    def _unit(self, token: int) -> str | int:
        if not 0 <= token < len(self._units):
            raise ValueError(f"token id must lie in 0..{len(self._units) - 1}, got {token}")
        return self._units[token]

    @classmethod
    def load(cls, folder: str | Path) -> "Tokenizer":
        """Read `tokenizer.json` of a model folder."""
        path = Path(folder) / "tokenizer.json"
        if not path.is_file():
            raise FileNotFoundError(f"tokenizer file is missing: {path}")
        try:
            return cls(tokenizers.Tokenizer.from_str(path.read_text(encoding="utf-8")))
        except Exception as error:  # the wheel raises bare Exception
            raise ValueError(f"tokenizer file is damaged: {path} ({error})") from error

    def save(self, folder: str | Path) -> None:
        """Write the two files that `load` and transformers' AutoTokenizer read."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        settings = {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": END,
            "eos_token": END,
            "pad_token": END,
            "split_special_tokens": True,
            "clean_up_tokenization_spaces": False,
        }
        (folder / "tokenizer.json").write_text(self._backend.to_str(pretty=True) + "\n", encoding="utf-8")
        (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def train(cls, texts: Iterable[str], vocab_size: int = 6144) -> "Tokenizer":
        """Learn the pieces from `texts`; at most a third of the vocabulary goes to single characters."""
        reserved = 1 + len(BYTES)
        if vocab_size <= reserved:
            raise ValueError(f"vocab_size must be above {reserved} (END and the bytes), got {vocab_size}")
        texts = list(texts)
        alphabet = _alphabet(texts, (vocab_size - reserved + 2) // 3)
        backend = _untrained()
        trainer = trainers.BpeTrainer(
            vocab_size=2 * vocab_size,  # more than needed: some merges are dropped below
            special_tokens=[END, *BYTES],
            initial_alphabet=alphabet,
            limit_alphabet=len(alphabet),
            max_token_length=LONGEST_PIECE,
            show_progress=False,
        )
        backend.train_from_iterator(texts, trainer)
        return cls(tokenizers.Tokenizer.from_str(json.dumps(_trimmed(json.loads(backend.to_str()), vocab_size))))


def _alphabet(texts: list[str], size: int) -> list[str]:
    """The commonest characters; of equally common ones the lower code point, where the library would draw lots."""
    counts = Counter(character for text in texts for character in text)
    return sorted(counts, key=lambda character: (-counts[character], character))[:size]


def _untrained() -> tokenizers.Tokenizer:
    backend = tokenizers.Tokenizer(models.BPE(byte_fallback=True))
    backend.pre_tokenizer = pre_tokenizers.Split(tokenizers.Regex(SPLIT), behavior="isolated")
    backend.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
    return backend


def _trimmed(saved: dict, vocab_size: int) -> dict:
    """Drop the merges that make Chinese phrases, cut to size, and keep END as the only added token."""
    model = saved["model"]
    by_id = sorted(model["vocab"], key=model["vocab"].get)
    made = {left + right for left, right in model["merges"]}
    vocab = dict.fromkeys(token for token in by_id if token not in made)
    merges = []
    for left, right in model["merges"]:
        known = left in vocab and right in vocab
        if known and _is_piece(left + right) and (left + right in vocab or len(vocab) < vocab_size):
            vocab[left + right] = None
            merges.append([left, right])
    model["vocab"] = {token: index for index, token in enumerate(vocab)}
    model["merges"] = merges
    # A byte among the added tokens would be dropped by transformers' decode(skip_special_tokens=True).
    saved["added_tokens"] = [token for token in saved["added_tokens"] if token["content"] == END]
    return saved


def _is_piece(text: str) -> bool:
    is_han = any("\u3400" <= character <= "\u9fff" for character in text)
    return not is_han or len(text) <= LONGEST_HAN_PIECE


def _units(backend: tokenizers.Tokenizer) -> list[str | int]:
    """What every id stands for: its text, or the value of its byte."""
    if backend.token_to_id(END) != 0:
        raise ValueError(f"{END} must have id 0")
    values = {name: value for value, name in enumerate(BYTES)}
    tokens = [backend.id_to_token(index) for index in range(backend.get_vocab_size())]
    return [values.get(token, token) for token in tokens]


def _pieces_of_bytes(run: bytes) -> list[Piece]:
    """Characters where the bytes form some, hexadecimal values where they do not."""
    pieces, start = [], 0
    while start < len(run):
        character = _first_character(run[start:])
        parts = len(character.encode())
        if character:
            pieces += [Piece(character, part, parts) for part in range(1, parts + 1)]
        else:
            pieces.append(Piece(f"0x{run[start]:02X}"))
        start += parts or 1
    return pieces


def _first_character(run: bytes) -> str:
    """The character that `run` begins with, or "" if its first bytes form none."""
    for length in range(1, 5):
        try:
            return bytes(run[:length]).decode()
        except UnicodeDecodeError:
            continue
    return ""


def _without_surrogates(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        bad = f"U+{ord(text[error.start]):04X}"
        raise ValueError(f"text must not hold half a surrogate pair, got {bad} at position {error.start}") from None
    return text
