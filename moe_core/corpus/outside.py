"""Documents from the outside sources: records shuffled once, dealt out round after round.

It does not know how often each domain is asked for.
"""

from __future__ import annotations

import random
import re
from pathlib import Path

from moe_core.corpus.sources import SOURCES, read
from moe_core.corpus.split import HELD_OUT_SHARE, held_out

DOMAINS = {
    "pair_outside": ("pairs_tatoeba", "pairs_hsk", "pairs_asp"),
    "poem": ("poems_tang_song",),
    "book_en": ("books_children_en",),
    "storybook_en": ("stories_asp_en",),
    "storybook_zh": ("stories_asp_zh",),
    "sentences_en": ("sentences_en_cv",),
}
TOGETHER = {"pair_outside": (2, 8), "sentences_en": (3, 8), "poem": (1, 3)}
SAME_STORY = re.compile(r"asp-[a-z]+-(\d+)")
FEW = 1000  # of so few records one in ten is kept, or nothing might be



def _kept(identity: str, share: int) -> bool:
    """Held out or not; a storybook's number decides for its English, its Chinese and its pairs at once."""
    number = SAME_STORY.match(identity)
    return held_out("storybook", number.group(1), 10) if number else held_out("record", identity, share)


class Records:
    """The records of every domain on one side of the held-out split."""

    def __init__(self, folder: Path, evaluation: bool):
        self.rows = {}
        for domain, names in DOMAINS.items():
            rows = [row for source in SOURCES if source.name in names for row in read(source, folder)]
            if domain == "poem":
                rows = [row for row in rows if row["dynasty"] == "唐"]
            share = HELD_OUT_SHARE if len(rows) >= FEW else 10
            self.rows[domain] = [row for row in rows if _kept(row["id"], share) == evaluation]
            if rows and not self.rows[domain]:
                raise ValueError(f"no record of {domain} is on the {'evaluation' if evaluation else 'training'} side")
            random.Random(f"records-{domain}").shuffle(self.rows[domain])
        self.next = dict.fromkeys(DOMAINS, 0)

    def document(self, domain: str, pick: random.Random) -> tuple[str, str]:
        """(language, text) of the next records of the domain."""
        count = pick.randint(*TOGETHER.get(domain, (1, 1)))
        return WRITE[domain]([self._deal(domain) for _ in range(count)], pick)

    def _deal(self, domain: str) -> dict:
        rows = self.rows[domain]
        row = rows[self.next[domain] % len(rows)]
        self.next[domain] += 1
        return row


def _pairs(rows: list[dict], pick: random.Random) -> tuple[str, str]:
    direction = random.Random(pick.random())
    first = direction.random() < 0.5
    line = "English: {en}\nChinese: {zh}" if first else "中文：{zh}\n英文：{en}"
    return "both", "\n".join(line.format(en=row["en"], zh=row["zh"]) for row in rows)


def _prose(rows: list[dict], pick: random.Random) -> tuple[str, str]:
    row = rows[0]
    titled = row["id"].startswith("asp") and pick.random() < 0.5
    return row["lang"], f"{row['title']}\n{row['text']}" if titled else row["text"]


def _poem(rows: list[dict], pick: random.Random) -> tuple[str, str]:
    titled = pick.random() < 0.7
    heads = [f"《{row['title']}》{row['author']}\n" if titled else "" for row in rows]
    return "zh", "\n\n".join(head + row["text"] for head, row in zip(heads, rows, strict=True))


def _sentences(rows: list[dict], pick: random.Random) -> tuple[str, str]:
    return "en", "\n".join(row["text"] for row in rows)


WRITE = {
    "pair_outside": _pairs, "poem": _poem, "book_en": _prose, "storybook_en": _prose, "storybook_zh": _prose,
    "sentences_en": _sentences,
}
