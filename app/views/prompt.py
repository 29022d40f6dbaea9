"""What the tab *Follow a prompt* shows of a session: its strip and its panels."""

from app.figures import prompt as figures
from app.session import Session
from app.views.panel import Picture, figure_words, panel, percent
from app.views.strip import strip
from app.words import say
from moe_core.statistics.load import load_table
from moe_core.tables import candidates_table, routing_table, tokens_table

PANELS = ("gates", "path", "choice", "next", "load")


def strip_value(session: Session) -> dict:
    """The tokens of the session's trace at its layer."""
    return strip(session.trace, session.layer, session.position, session.language)


def panel_value(name: str, session: Session) -> dict:
    """One panel of this tab, drawn anew."""
    settings = session.trace.settings
    badge = say(session.language, "badge.recorded" if session.recorded else "badge.measured",
                format=settings.get("format", "fp32"), device=settings.get("device", "CPU"))
    return panel(name, DRAWERS[name], session, badge)


def gates(session: Session) -> Picture:
    """Gate probabilities of one layer: tokens by experts."""
    routing, layer = routing_table(session.trace), session.trace.layers[session.layer]
    figure = figures.gate_probabilities(routing, layer, selected=session.position, labels=_words(session))
    here = routing[routing["layer"] == layer]
    chosen = here[here["rank"] > 0]["expert"].value_counts()
    return Picture(figure, here, _facts(session, top=int(chosen.index[0]), top_count=int(chosen.iloc[0])))


def path(session: Session) -> Picture:
    """The selected token's experts in every layer."""
    routing = routing_table(session.trace)
    figure = figures.token_path(routing, session.position, labels=_words(session))
    here = routing[(routing["position"] == session.position) & (routing["rank"] > 0)].sort_values(["layer", "rank"])
    steps = here.groupby("layer")["expert"].apply(lambda experts: "+".join(f"E{expert}" for expert in experts))
    route = ", ".join(f"L{layer} {experts}" for layer, experts in steps.items())
    return Picture(figure, here, _facts(session, route=route))


def choice(session: Session) -> Picture:
    """The selected token's probabilities in the chosen layer: chosen experts, runner-up, margin."""
    routing, layer = routing_table(session.trace), session.trace.layers[session.layer]
    figure = figures.token_probabilities(routing, session.position, layer, labels=_words(session))
    here = routing[(routing["position"] == session.position) & (routing["layer"] == layer)]
    ranked = here[here["rank"] > 0].sort_values("rank")
    chosen = ", ".join(f"E{row.expert} {percent(row.probability)}" for row in ranked.itertuples())
    runner = here[here["rank"] == 0].sort_values("probability", ascending=False).iloc[0]
    tokens = tokens_table(session.trace)
    margin = tokens[(tokens["layer"] == layer) & (tokens["position"] == session.position)]["margin"].item()
    return Picture(figure, here, _facts(session, chosen=chosen, margin=f"{margin:.2f}", runner=int(runner["expert"]),
                                        runner_probability=percent(runner["probability"])))


def following(session: Session) -> Picture:
    """The next-token candidates after the selected token."""
    candidates = candidates_table(session.trace, session.position)
    told = ", ".join(f"{row.token} {percent(row.probability)}" for row in candidates.itertuples())
    return Picture(figures.next_tokens(candidates, labels=_words(session)), candidates,
                   {**_facts(session, candidates=told, followed=_followed(session)), "n": len(candidates)})


def load(session: Session) -> Picture:
    """The share of work that each expert of each layer got from this text."""
    table = load_table(routing_table(session.trace))
    busiest = table.loc[table["share"].idxmax()]
    facts = _facts(session, busy=int(busiest["expert"]), busy_layer=int(busiest["layer"]),
                   busy_share=percent(busiest["share"]), idle=int((table["share"] == 0).sum()))
    return Picture(figures.load_map(table, labels=_words(session)), table, facts)


DRAWERS = {"gates": gates, "path": path, "choice": choice, "next": following, "load": load}


def _words(session: Session) -> dict[str, str]:
    return figure_words(session.language)


def _facts(session: Session, **more) -> dict:
    trace = session.trace
    return {"token": _label(session, session.position), "position": session.position, "n": len(trace.token_ids),
            "layer": trace.layers[session.layer], "layers": len(trace.layers), "experts": trace.experts,
            "k": trace.experts_per_token, "chance": percent(1 / trace.experts), **more}


def _followed(session: Session) -> str:
    last = len(session.trace.token_ids) - 1
    if session.position == last:
        return say(session.language, "next.last")
    return say(session.language, "next.followed", next=_label(session, session.position + 1))


def _label(session: Session, position: int) -> str:
    label = session.trace.pieces[position].label
    return label.strip() or label
