"""Text for a terminal: columns that line up in both languages, and no character that commands the terminal."""

import unicodedata
from collections.abc import Sequence

from moe_core.pieces import Piece


def shown(piece: Piece) -> str:
    """A piece as running text; what cannot be printed appears as its visible symbol."""
    if piece.part != piece.parts:
        return ""
    return piece.text if all(char.isprintable() or char == "\n" for char in piece.text) else piece.label


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells, padded so that each column has one width; Chinese characters take two places."""
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(cell + " " * (wanted - width(cell)) for cell, wanted in zip(row, widths, strict=True))
                     .rstrip() for row in rows)


def width(text: str) -> int:
    """How many places a text takes in a terminal."""
    return sum(_places(char) for char in text)


def _places(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
