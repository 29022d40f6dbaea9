"""A visitor's bytes as text: UTF-8, else GB 18030 (which holds GBK); anything else is refused.

It does not know what the text is for.
"""

import codecs

from moe_core.lab.errors import LabError

MARKED = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def decoded(data: bytes | str) -> str:
    """The text of these bytes, or of this string, line ends made alike."""
    text = data if isinstance(data, str) else _text(data)
    if "\0" in text:
        raise LabError("text.binary", place=text.index("\0"))
    return text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "ignore").decode("utf-8")


def _text(data: bytes) -> str:
    marked = next((name for mark, name in MARKED.items() if data.startswith(mark)), None)
    if marked is None and b"\0" in data:
        raise LabError("text.binary", place=data.index(b"\0"))
    for encoding in [marked] if marked else ["utf-8", "gb18030"]:
        try:
            return _mostly_printable(data.decode(encoding))
        except (UnicodeDecodeError, UnicodeError):
            continue
    raise LabError("text.encoding")


def _mostly_printable(text: str) -> str:
    """GB 18030 reads almost any bytes: what comes out must be text that somebody could have written."""
    odd = sum(not (character.isprintable() or character in "\n\r\t\u3000\ufeff\u200b") for character in text)
    if odd * 50 > len(text):
        raise UnicodeError("too many characters that are not text")
    return text
