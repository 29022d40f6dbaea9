"""What the tab *Experts* shows of a session: its numbers and its figures, each beside what chance would give."""

from functools import partial

import pandas as pd

from app.figures import experts as figures
from app.observing import PROBES
from app.session import Session
from app.views import experts_evidence as evidence
from app.views.experts_evidence import Evidence, NotEnough
from app.views.panel import Picture, figure_words, panel, percent
from app.words import say
from moe_core.statistics.divergence import SHUFFLES as DEALS
from moe_core.statistics.specialisation import SHUFFLES
from moe_core.statistics.summaries import load_summary
from moe_core.tracing.corpus import CorpusError
from moe_core.tracing.trace import RoutingTrace

ROWS = (("load", "balance"), ("kinds", "information"), ("together", "repeats"), ("coverage", "guess"), ("contrast",))
OF_LAYER = ("load", "kinds", "together", "coverage")  # panels that change with the chosen layer
SURE = 0.05
LONGEST_NAME = 24  # characters of a typed text in a caption


def evidence_of(session: Session) -> Evidence:
    """The texts the visitor chose; CorpusError where the recorded corpus cannot be read."""
    return evidence.recorded() if session.observing.source == PROBES else evidence.of_text(session.trace)


def first_look(found: Evidence, session: Session) -> dict:
    """The layer of the first tab, and the expert with the clearest preference there."""
    layer = min(session.layer, len(found.corpus.layers) - 1)
    portraits = found.table("portrait")
    here = portraits[portraits["layer"] == found.corpus.layers[layer]].set_index("expert")["low"].astype(float)
    return {"layer": layer, "expert": int(here.idxmax()) if here.notna().any() else 0}


def source_line(session: Session) -> dict:
    """Which texts are counted."""
    found = session.observing.evidence
    key = "experts.source.probes.told" if found.trace is None else "experts.source.text.told"
    return {"kind": "done", "text": say(session.language, key, **facts_of(session))}


def numbers_value(session: Session) -> list[dict]:
    """The headline numbers of the chosen layer."""
    found = session.observing.evidence
    balance, guess = (_of_layer(session, found.table(name)).iloc[0] for name in ("balance", "guess"))
    repeats = _of_layer(session, found.table("repeats")).set_index("choice").loc["first"]
    told = {
        "violation": (f"{balance['max_violation']:.2f}", {"chance": f"{balance['chance']:.2f}",
                                                          "high": f"{balance['high']:.2f}"}),
        "entropy": (f"{balance['entropy']:.2f}", {"effective": f"{balance['effective']:.1f}"}),
        "idle": (str(int(balance["idle"])), {}),
        "repeats": (known(repeats["share"]), _interval(repeats) | {"by_chance": percent(repeats["chance"])}),
        "guess": (known(guess["share"]), _interval(guess) | {"by_chance": known(guess["baseline"])}),
    }
    return [{"name": say(session.language, f"experts.number.{name}", **facts_of(session)), "value": value,
             "note": say(session.language, f"experts.number.{name}.note", **facts_of(session, **more))}
            for name, (value, more) in told.items()]


def panel_value(name: str, session: Session) -> dict:
    """One panel of this tab, drawn anew; says so where the texts are too few for it."""
    if session.observing.evidence is None:
        return {}
    try:
        return panel(f"experts.{name}", DRAWERS[name], session, _badge_of_panel(name, session))
    except (NotEnough, CorpusError):
        return {"title": say(session.language, "experts.too_little.title"),
                "caption": say(session.language, "experts.too_little", **facts_of(session))}


def badge_of(session: Session) -> str:
    """Recorded or measured, and on what."""
    found = session.observing.evidence
    if found.trace is None:
        return say(session.language, "experts.badge.recorded", model=found.corpus.model)
    return _badge_of_trace(session, found.trace, "badge.recorded" if session.recorded else "badge.measured")


def load(session: Session) -> Picture:
    """Share of every layer's work that each expert got."""
    table = session.observing.evidence.table("load")
    told = load_summary(table)
    facts = facts_of(session, busy=told["busiest_expert"], busy_layer=told["busiest_layer"], cells=len(table),
                   busy_share=percent(told["busiest_share"]), idle=told["idle"], uneven=told["uneven"])
    figure = figures.load(table, _layer(session), session.observing.expert, labels=words_of(session))
    return Picture(figure, table, facts)


def balance(session: Session) -> Picture:
    """The worst overload of each layer."""
    table = session.observing.evidence.table("balance")
    worst = table.loc[table["max_violation"].idxmax()]
    facts = facts_of(session, worst=int(worst["layer"]), worst_violation=f"{worst['max_violation']:.2f}",
                   even=f"{worst['chance']:.2f}", high=f"{worst['high']:.2f}", idle=int(table["idle"].sum()))
    return Picture(figures.balance(table, labels=words_of(session)), table, facts)


def kinds(session: Session) -> Picture:
    """Which kinds of token go to which expert of the chosen layer."""
    table = session.observing.evidence.table("kinds", session.observing.kind)
    here = _of_layer(session, table)
    sure = here[(here["low"] > here["chance"]) | (here["high"] < here["chance"])]
    most = here.loc[here["lift"].where(here["low"] > here["chance"], 0).fillna(0).idxmax()]
    facts = facts_of(session, cells=len(here), sure=len(sure), expert=int(most["expert"]),
                   label=label(session.language, most["label"], session.observing.kind), share=percent(most["share"]),
                   usual=percent(most["chance"]), counted=_tokens_of(here))
    figure = figures.specialisation(table, _layer(session), labels=words_of(session))
    return Picture(figure, here, facts)


def information(session: Session) -> Picture:
    """What the first choice tells about the kind of token, layer by layer."""
    table = session.observing.evidence.table("information", session.observing.kind)
    facts = facts_of(session, told=_by_layer(table, lambda row: f"{row.bits:.3f} (p {row.p:.3f})"),
                   all_bits=f"{table['label_bits'].iloc[0]:.2f}", unit=_unit(session, table), shuffles=SHUFFLES,
                   counted=int(table["tokens"].iloc[0]))
    return Picture(figures.mutual_information(table, labels=words_of(session)), table, facts)


def together(session: Session) -> Picture:
    """Which experts of the chosen layer are chosen by the same token."""
    table = session.observing.evidence.table("together")
    here = _of_layer(session, table)
    sure = int(((here["low"] > here["chance"]) | (here["high"] < here["chance"])).sum())
    facts = facts_of(session, pairs=len(here), sure=sure, uniform=percent(here["uniform"].iloc[0]))
    return Picture(figures.coactivation(table, _layer(session), labels=words_of(session)), here, facts)


def repeats(session: Session) -> Picture:
    """How often neighbouring tokens meet the same expert."""
    table = session.observing.evidence.table("repeats")
    chances = table.groupby("choice")["chance"].max()
    told = _by_layer(table[table["choice"] == "first"], lambda row: known(row.share))
    facts = facts_of(session, pairs=int(table["pairs"].max()), first=percent(chances["first"]),
                   any=percent(chances["any"]), told=told)
    return Picture(figures.repeats(table, labels=words_of(session)), table, facts)


def coverage(session: Session) -> Picture:
    """How many experts of the chosen layer are in use after so many tokens."""
    table = session.observing.evidence.table("coverage")
    here = _of_layer(session, table)
    all_used = here[here["used"] == here["used"].max()].iloc[0]
    facts = facts_of(session, used=int(all_used["used"]), read=int(all_used["tokens"]),
                   expected=f"{all_used['chance']:.1f}")
    return Picture(figures.coverage(table, _layer(session), labels=words_of(session)), here, facts)


def guess(session: Session) -> Picture:
    """How far the token alone gives its first expert away."""
    table = session.observing.evidence.table("guess")
    facts = facts_of(session, told=_by_layer(table, lambda row: f"{known(row.share)} ({known(row.baseline)})"),
                   seen=percent(table["seen"].mean()))
    return Picture(figures.predictability(table, labels=words_of(session)), table, facts)


def contrast(session: Session) -> Picture:
    """How differently two texts use the experts of each layer."""
    pair = session.observing.contrast
    table = evidence.recorded().table("contrast") if pair is None else evidence.contrast_of(*pair)
    names = _contrast_names(session)
    facts = facts_of(session, a=names[0], b=names[1], n_a=int(table["tokens_a"].iloc[0]), deals=DEALS,
                   n_b=int(table["tokens_b"].iloc[0]), unit=_unit(session, table), sure=int((table["p"] < SURE).sum()),
                   told=_by_layer(table, lambda row: f"{row.bits:.3f} (p {row.p:.3f})"))
    return Picture(figures.divergence(table, labels=words_of(session)), table, facts)


DRAWERS = {"load": load, "balance": balance, "kinds": kinds, "information": information, "together": together,
           "repeats": repeats, "coverage": coverage, "guess": guess, "contrast": contrast}


def label(language: str, name: str, kind: str = "") -> str:
    """A kind of token in the reader's words; a single token is its own."""
    if kind == "frequent_token":
        return name.strip() or say(language, "experts.label.blank")
    if (kind, name) == ("language", "other"):
        return say(language, "experts.label.neither")
    where, _, part = str(name).partition(" ")
    if part and kind in ("", "language_and_part"):  # "zh VERB"
        return say(language, f"experts.label.of.{where}", part=say(language, f"experts.label.{part}"))
    return say(language, f"experts.label.{name}")


def known(share: float) -> str:
    """A share in per cent, or a dash where nothing could be counted."""
    return percent(share) if share == share else "–"  # NaN alone differs from itself


def _badge_of_panel(name: str, session: Session) -> str:
    """The comparison has texts of its own."""
    if name != "contrast":
        return badge_of(session)
    if session.observing.contrast is None:
        return say(session.language, "experts.badge.recorded", model=evidence.recorded().corpus.model)
    return _badge_of_trace(session, session.observing.contrast[0], "badge.measured")


def _badge_of_trace(session: Session, trace: RoutingTrace, key: str) -> str:
    return say(session.language, key, format=trace.settings.get("format", "fp32"),
               device=trace.settings.get("device", "CPU"))


def facts_of(session: Session, **more) -> dict:
    """What every caption may state of the texts and of the visitor's choices."""
    found = session.observing.evidence
    corpus = found.corpus
    return {"n": len(corpus.tokens), "texts": found.texts, "layers": len(corpus.layers), "experts": corpus.experts,
            "k": corpus.expert_ids.shape[2], "chance": percent(1 / corpus.experts), "model": corpus.model,
            "unit": say(session.language, f"experts.unit.{'texts' if found.texts > 1 else 'tokens'}"),
            "layer": _layer(session), "kind": say(session.language, f"experts.kind.{session.observing.kind}.short"),
            **more}


def words_of(session: Session) -> dict[str, str]:
    """The words inside this tab's figures, names of labels among them."""
    speak = partial(say, session.language)
    return (figure_words(session.language) | {key: speak(f"experts.figure.{key}") for key in figures.OWN}
            | {name: label(session.language, name, session.observing.kind) for name in kinds_seen(session)
               if name not in figures.ENGLISH})


def kinds_seen(session: Session) -> list[str]:
    """The labels of the chosen kind that occur, the most frequent first."""
    tokens = session.observing.evidence.tokens_of_one_layer
    return tokens[session.observing.kind].value_counts().index.tolist()


def _layer(session: Session) -> int:
    return session.observing.evidence.corpus.layers[session.observing.layer]


def _of_layer(session: Session, table: pd.DataFrame) -> pd.DataFrame:
    return table[table["layer"] == _layer(session)]


def _tokens_of(preferences: pd.DataFrame) -> int:
    return int(preferences.drop_duplicates("label")["tokens"].sum())


def _unit(session: Session, table: pd.DataFrame) -> str:
    return say(session.language, f"experts.unit.{table['shuffled'].iloc[0]}")


def _by_layer(table: pd.DataFrame, told) -> str:
    return ", ".join(f"L{row.layer} {told(row)}" for row in table.itertuples())


def _interval(row: pd.Series) -> dict:
    return {"low": known(row["low"]), "high": known(row["high"])}


def _contrast_names(session: Session) -> tuple[str, str]:
    if session.observing.contrast is None:
        return tuple(say(session.language, f"experts.probes.{language}") for language in evidence.LANGUAGES)
    return tuple(say(session.language, "experts.quoted", text=_short(trace.text))
                 for trace in session.observing.contrast)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_NAME else f"{line[:LONGEST_NAME - 1]}…"
