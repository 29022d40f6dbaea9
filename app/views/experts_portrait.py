"""What the tab *Experts* says of one expert: its measured portrait in one line, and what it reads most."""

import re

import pandas as pd

from app.session import Session
from app.views.experts import badge_of, facts_of, label
from app.views.panel import Picture, csv_file, percent
from app.words import say

MOST_ROWS = 6   # favourites shown of each language; the CSV has all


def portrait_value(session: Session) -> dict:
    """The kind of token this expert prefers most surely, or that none stands out."""
    seen = session.observing
    portraits = seen.evidence.table("portrait")
    row = portraits[(portraits["layer"] == _layer(session)) & (portraits["expert"] == seen.expert)].iloc[0]
    facts = {"expert": seen.expert, "layer": _layer(session), "n": len(seen.evidence.corpus.tokens),
             "usual": percent(row["chance"]), "compared": int(row["compared"])}
    if row["chance"] == 0:
        return {"kind": "quiet", "text": say(session.language, "experts.portrait.idle", **facts)}
    if pd.isna(row["label"]):
        return {"kind": "quiet", "text": say(session.language, "experts.portrait.none", **facts)}
    facts |= {"label": label(session.language, row["label"], row["kind"]), "share": percent(row["share"]),
              "part": percent(row["part"]), "tokens": int(row["tokens"]),
              **{name: f"{row[name]:.1f}" for name in ("lift", "low", "high")}}
    return {"kind": "quiet", "text": say(session.language, "experts.portrait", **facts)}


def reads_value(session: Session) -> dict:
    """The chosen expert's favourite tokens in English and in Chinese texts, with places where it read them."""
    found = session.observing.evidence
    title = say(session.language, "experts.reads.title", expert=session.observing.expert, layer=_layer(session))
    return {
        "title": title, "badge": badge_of(session), "csv_hint": say(session.language, "panel.csv", title=title),
        "caption": say(session.language, "experts.reads.caption", **facts_of(session)),
        "groups": [_group(session, language) for language in found.languages],
    }


def reads_file(session: Session) -> dict:
    """All favourites of the chosen expert as a CSV file."""
    tables = [_favourites(session, language).assign(language=language)
              for language in session.observing.evidence.languages]
    table = pd.concat(tables) if tables else pd.DataFrame()
    return csv_file("experts.reads", lambda _: Picture(None, table, {}), session)


def _favourites(session: Session, language: str) -> pd.DataFrame:
    table = session.observing.evidence.table("reads", language)
    return table[(table["layer"] == _layer(session)) & (table["expert"] == session.observing.expert)]


def _group(session: Session, language: str) -> dict:
    table, tokens = _favourites(session, language), session.observing.evidence.corpus.tokens
    sure = table[table["low"] > 1].head(MOST_ROWS)
    return {
        "name": say(session.language, f"experts.reads.{language}", n=int((tokens["language"] == language).sum())),
        "empty": say(session.language, "experts.reads.none"),
        "rows": [_row(session, row) for row in sure.itertuples()],
    }


def _row(session: Session, row) -> dict:
    told = say(session.language, "experts.reads.told", chosen=row.chosen, tokens=row.tokens, lift=f"{row.lift:.1f}",
               low=f"{row.low:.1f}", high=f"{row.high:.1f}")
    places = [[whole_characters(before), token, whole_characters(after)] for before, token, after in row.examples]
    return {"token": row.token.strip() or row.token, "told": told, "places": places}


def whole_characters(text: str) -> str:
    """伞 1/3伞 2/3伞 3/3 becomes 伞: among its neighbours a character need not show its bytes."""
    return re.sub(r"([^\x00-\x7f]) (\d)/[2-4]", lambda found: found[1] if found[2] == "1" else "", text)


def _layer(session: Session) -> int:
    return session.observing.evidence.corpus.layers[session.observing.layer]
