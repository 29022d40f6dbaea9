"""The token strip of a trace at one layer, as the TokenStrip widget wants it."""

from functools import partial

from app.words import say
from moe_core.tables import margins
from moe_core.tracing.trace import RoutingTrace

HESITATES_BELOW = 0.1  # logits; e^0.1: the last chosen expert counts at most 10 % more than the next one


def strip(trace: RoutingTrace, layer: int, position: int, language: str) -> dict:
    """One button per token, with what the eye and the screen reader are told about it."""
    speak = partial(say, language)
    hesitates = margins(trace)[layer] < HESITATES_BELOW  # (T,)
    tokens = [_token(trace, layer, at, bool(hesitates[at]), speak) for at in range(len(trace.token_ids))]
    return {
        "tokens": tokens, "selected": position, "name": speak("strip.name"),
        "announcement": speak("strip.announcement", count=len(tokens)), "experts": trace.experts,
        "legend": [speak("strip.legend", layer=trace.layers[layer]),
                   speak("strip.legend.dashed", limit=HESITATES_BELOW), speak("strip.legend.phase")],
    }


def _token(trace: RoutingTrace, layer: int, position: int, hesitates: bool, speak) -> dict:
    label, expert = trace.pieces[position].label, int(trace.expert_ids[layer, position, 0])
    spoken = speak("strip.token", label=label.strip() or label, position=position, expert=expert,
                   phase=speak(f"phase.{trace.phase[position]}"))
    return {
        "label": label.strip() or label, "expert": expert, "hesitates": hesitates,
        "generated": trace.phase[position] == "generated", "joined": position > 0 and continues_word(trace, position),
        "spoken": f"{spoken}; {speak('strip.hesitates')}" if hesitates else spoken,
    }


def continues_word(trace: RoutingTrace, position: int) -> bool:
    """Whether this piece goes on with the word (or the character) of the piece before it."""
    before, piece = trace.pieces[position - 1], trace.pieces[position]
    same_word = before.text[-1:].isalpha() and piece.text[:1].isalpha() and (before.text + piece.text).isascii()
    return piece.part > 1 or same_word
