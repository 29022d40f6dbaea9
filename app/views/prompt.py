"""What the tab *Follow a prompt* shows of a session: its strip and its panels."""

from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd

from app.figures import prompt as figures
from app.figures.experts import coverage as draw_coverage
from app.session import Session
from app.views.panel import Picture, figure_words, panel, percent
from app.views.strip import HESITATES_BELOW, strip
from app.words import say
from moe_core.statistics.coverage import coverage_table
from moe_core.statistics.load import load_table
from moe_core.statistics.summaries import confidence_summary
from moe_core.tables import candidates_table, lens_table, routing_table, tokens_table
from moe_core.tracing.trace import RoutingTrace

PANELS = ("gates", "path", "choice", "next", "load")
MORE = ("assignments", "confidence", "coverage", "lens")  # folded away until the visitor asks for them


def strip_value(session: Session) -> dict:
    """The tokens of the session's trace at its layer."""
    return strip(session.trace, session.layer, session.position, session.language)


def panel_value(name: str, session: Session) -> dict:
    """One panel of this tab, drawn anew."""
    if name == "lens" and session.lens is None:
        return {"title": say(session.language, "lens.none.title"), "caption": say(session.language, "lens.none")}
    return panel(name, DRAWERS[name], session, badge(session))


def badge(session: Session) -> str:
    """Where the numbers of the trace on the screen come from."""
    settings = session.trace.settings
    return say(session.language, "badge.recorded" if session.recorded else "badge.measured",
               format=settings.get("format", "fp32"), device=settings.get("device", "CPU"))


def gates(session: Session) -> Picture:
    """Gate probabilities of one layer: tokens by experts."""
    routing, layer = _routing(session), session.trace.layers[session.layer]
    figure = figures.gate_probabilities(routing, layer, selected=session.position, quantity=session.quantity,
                                        labels=_words(session))
    here = routing[routing["layer"] == layer]
    chosen = here[here["rank"] > 0]["expert"].value_counts()
    return Picture(figure, here, facts(session, top=int(chosen.index[0]), top_count=int(chosen.iloc[0]),
                                       **of_gates(session)))


def path(session: Session) -> Picture:
    """The selected token's experts in every layer."""
    routing = _routing(session)
    figure = figures.token_path(routing, session.position, labels=_words(session))
    here = routing[(routing["position"] == session.position) & (routing["rank"] > 0)].sort_values(["layer", "rank"])
    steps = here.groupby("layer")["expert"].apply(lambda experts: "+".join(f"E{expert}" for expert in experts))
    route = ", ".join(f"L{layer} {experts}" for layer, experts in steps.items())
    return Picture(figure, here, facts(session, route=route))


def choice(session: Session) -> Picture:
    """The selected token's probabilities in the chosen layer: chosen experts, runner-up, margin."""
    routing, layer = _routing(session), session.trace.layers[session.layer]
    figure = figures.token_probabilities(routing, session.position, layer, labels=_words(session))
    here = routing[(routing["position"] == session.position) & (routing["layer"] == layer)]
    ranked = here[here["rank"] > 0].sort_values("rank")
    chosen = ", ".join(f"E{row.expert} {percent(row.probability)}" for row in ranked.itertuples())
    runner = here[here["rank"] == 0].sort_values("probability", ascending=False).iloc[0]
    tokens = tokens_table(session.trace)
    margin = tokens[(tokens["layer"] == layer) & (tokens["position"] == session.position)]["margin"].item()
    return Picture(figure, here, facts(session, chosen=chosen, margin=f"{margin:.2f}", runner=int(runner["expert"]),
                                        runner_probability=percent(runner["probability"])))


def following(session: Session) -> Picture:
    """The next-token candidates after the selected token."""
    candidates = candidates_table(session.trace, session.position)
    told = ", ".join(f"{row.token} {percent(row.probability)}" for row in candidates.itertuples())
    return Picture(figures.next_tokens(candidates, labels=_words(session)), candidates,
                   {**facts(session, candidates=told, followed=_followed(session)), "n": len(candidates)})


def load(session: Session) -> Picture:
    """The share of work that each expert of each layer got from this text."""
    table = load_table(_routing(session))
    busiest = table.loc[table["share"].idxmax()]
    told = facts(session, busy=int(busiest["expert"]), busy_layer=int(busiest["layer"]),
                   busy_share=percent(busiest["share"]), idle=int((table["share"] == 0).sum()))
    return Picture(figures.load_map(table, labels=_words(session)), table, told)


def assignments(session: Session) -> Picture:
    """First and second choice of every token in every layer."""
    tokens = tokens_table(session.trace)
    same = (tokens.sort_values(["layer", "position"]).groupby("layer")["first"].diff() == 0).sum()
    pairs = max(len(session.trace.token_ids) - 1, 0) * len(session.trace.layers)
    return Picture(figures.assignments(tokens, labels=_words(session)), tokens,
                   facts(session, same=int(same), pairs=pairs, same_share=percent(same / max(pairs, 1))))


def confidence(session: Session) -> Picture:
    """Margin and entropy of every token in the chosen layer."""
    layer = session.trace.layers[session.layer]
    tokens = tokens_table(session.trace)
    told = confidence_summary(tokens, layer, HESITATES_BELOW)
    figure = figures.confidence(tokens, layer, hesitant=HESITATES_BELOW, labels=_words(session))
    sure = {"limit": HESITATES_BELOW, "hesitant": told["hesitant"], "mean_margin": f"{told['mean_margin']:.2f}",
             "mean_entropy": f"{told['mean_entropy']:.2f}", "even": f"{np.log(session.trace.experts):.2f}"}
    return Picture(figure, tokens[tokens["layer"] == layer], facts(session, **sure))


def coverage(session: Session) -> Picture:
    """How many experts of the chosen layer are in use after so many tokens of this text."""
    layer = session.trace.layers[session.layer]
    table = coverage_table(_routing(session))
    here = table[table["layer"] == layer]
    words = {key: say(session.language, f"experts.figure.{key}") for key in COVERAGE_WORDS}
    end = here.iloc[-1]
    return Picture(draw_coverage(table, layer, labels=_words(session) | words), here,
                   facts(session, used=int(end["used"]), expected=f"{end['chance']:.1f}"))


def lens(session: Session) -> Picture:
    """What every layer would say after the token the visitor asked about."""
    found = session.lens
    table = lens_table(found)
    best = table[table["rank"] == 1]
    told = ", ".join(f"L{row.layer} {row.token} {percent(row.probability)}" for row in best.itertuples())
    others = np.flatnonzero(found.token_ids[:, 0] != found.token_ids[-1, 0])
    agree = int(others[-1]) + 1 if len(others) else 0
    return Picture(figures.logit_lens(table, labels=_words(session)), table, {
        **facts(session), "token": found.token.strip() or found.token, "position": found.position, "told": told,
        "agree": agree, "final": best["token"].iloc[-1], "n": len(found.kl)})


def facts(session: Session, **more) -> dict:
    """What every sentence about the session's token, layer and trace may name."""
    trace = session.trace
    return {"token": _label(session, session.position), "position": session.position, "n": len(trace.token_ids),
            "layer": trace.layers[session.layer], "layers": len(trace.layers), "experts": trace.experts,
            "k": trace.experts_per_token, "chance": percent(1 / trace.experts), **more}


def of_gates(session: Session) -> dict:
    """What the heatmap says besides: what its shade means, and where to look for the shared expert's gate."""
    shared = session.trace.settings.get("shared_expert")
    return {"shade": say(session.language, f"gates.shade.{session.quantity}"),
            "shared": say(session.language, "gates.shared") if shared else ""}


DRAWERS = {"gates": gates, "path": path, "choice": choice, "next": following, "load": load,
           "assignments": assignments, "confidence": confidence, "coverage": coverage, "lens": lens}
_tables: "WeakKeyDictionary[RoutingTrace, pd.DataFrame]" = WeakKeyDictionary()
COVERAGE_WORDS = ("used", "read", "even", "reordered")


def _routing(session: Session) -> pd.DataFrame:
    """The routing table of the session's trace, made once: a click must be answered at once at 512 tokens too."""
    table = _tables.get(session.trace)
    if table is None:
        table = _tables[session.trace] = routing_table(session.trace)
    return table


def _words(session: Session) -> dict[str, str]:
    return figure_words(session.language)


def _followed(session: Session) -> str:
    last = len(session.trace.token_ids) - 1
    if session.position == last:
        return say(session.language, "next.last")
    return say(session.language, "next.followed", next=_label(session, session.position + 1))


def _label(session: Session, position: int) -> str:
    label = session.trace.pieces[position].label
    return label.strip() or label
