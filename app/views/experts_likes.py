"""Which expert likes this kind of token? All layers at once, beside each expert's usual share."""

import pandas as pd

from app.figures import experts_likes as figures
from app.session import Session
from app.views import experts as views
from app.views.panel import Picture, panel, percent
from app.words import say

MOST_CHOICES = 40  # labels on offer


def choices(session: Session) -> list[tuple[str, str]]:
    """The labels of the chosen kind in the reader's words, the most frequent first."""
    seen = views.kinds_seen(session)[:MOST_CHOICES]
    return [(views.label(session.language, name, session.observing.kind), name) for name in seen]


def settled(session: Session) -> Session:
    """The session with a label that occurs, the most frequent one in place of any other; before any count, as it is."""
    if session.observing.evidence is None:
        return session
    seen = views.kinds_seen(session)[:MOST_CHOICES]
    if not seen or session.observing.label in seen:
        return session
    return session.observe(label=seen[0])


def panel_value(session: Session) -> dict:
    """The panel, drawn anew; says so where all tokens are of one kind."""
    if session.observing.evidence is None:
        return {}
    try:
        return panel("experts.likes", likes, session, views.badge_of(session))
    except views.NotEnough:
        return {"title": say(session.language, "experts.too_little.title"),
                "caption": say(session.language, "experts.too_little", **views.facts_of(session))}


def likes(session: Session) -> Picture:
    """Who gets more of these tokens than of others."""
    table = session.observing.evidence.table("likes", session.observing.kind)
    here = table[table["label"] == session.observing.label]
    if here.empty:
        raise views.NotEnough(f"no token has the label {session.observing.label}")
    known = here[here["chance"] > 0]
    sure = known[known["low"] > known["chance"]]
    facts = views.facts_of(
        session, cells=len(here), sure=len(sure), less=int((known["high"] < known["chance"]).sum()),
        label=views.label(session.language, session.observing.label, session.observing.kind),
        counted=int(here["tokens"].iloc[0]), answer=_answer(session, sure if len(sure) else known, bool(len(sure))))
    return Picture(figures.likes(here, labels=views.words_of(session)), here, facts)


def _answer(session: Session, table: pd.DataFrame, sure: bool) -> str:
    """The three clearest in words, or that none is beyond chance."""
    if not sure:
        return say(session.language, "experts.likes.nobody")
    ordered = table.assign(surely=table["low"] / table["chance"]).sort_values("surely", ascending=False)
    told = [say(session.language, "experts.likes.one", expert=int(row.expert), layer=int(row.layer),
                share=percent(row.share), usual=percent(row.chance), lift=f"{row.lift:.1f}",
                low=f"{row.low / row.chance:.1f}", high=f"{row.high / row.chance:.1f}")
            for row in ordered.head(3).itertuples()]
    return say(session.language, "experts.likes.several",
               told=say(session.language, "experts.likes.separator").join(told))
