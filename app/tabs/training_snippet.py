"""The source article's GPT-2 snippet: one sentence cut into tokens every way, and written on by a dense GPT-2."""

from dataclasses import replace
from functools import partial

import gradio as gr

from app import limits, snippets
from app.components import FactTable, StatusLine, TextPair
from app.labels import Labels
from app.session import Session, merged
from app.tabs.long_event import Late, LongEvent
from app.tabs.wiring import HEAVY, SLIDING
from app.views import training_snippet as views
from app.views.panel import csv_file
from app.views.status import refusal_line
from app.words import say
from moe_core.gpt2.snippet import CODE, SnippetError


class SnippetPart:
    """Counts at once; GPT-2 runs when the visitor asks, the real one only where this server may fetch it."""

    room = "snippet"

    def __init__(self, labels: Labels, session: gr.State):
        self.session = session
        with gr.Column(elem_classes="sheet"):
            labels.make(StatusLine, {"value": lambda language: {"text": say(language, "snippet.intro")}})
            gr.Markdown(f"```python\n{CODE}\n```", elem_id="snippet-code")
            self._lay_out_question(labels)
            self.line = StatusLine(elem_id="snippet-line")
            self.status = StatusLine(elem_id="snippet-status")
        self.counts = FactTable(elem_id="snippet-counts")
        self.texts = TextPair(elem_id="snippet-texts")
        self.shown = [self.line, self.counts, self.texts, *self.buttons.values()]
        self._connect()

    def show(self, session: Session) -> dict:
        """Counts and texts in the visitor's language; a button only where its model can be had."""
        able = {"count": True, "ours": snippets.ships(), "real": snippets.hub_may_be_asked()}
        return {self.line: views.line(session), self.counts: views.counts_value(session),
                self.texts: views.texts_value(session),
                **{button: gr.update(value=say(session.language, f"snippet.run.{name}"), interactive=able[name])
                   for name, button in self.buttons.items()}}

    def blank(self) -> dict:
        """Nothing at all, so that whatever comes next is a change."""
        return {self.line: {}, self.counts: {}, self.texts: None,
                **{button: gr.update(value=" ") for button in self.buttons.values()}}

    def count(self, session: Session, text: str) -> dict:
        """Cut another sentence; what was written after the one before goes."""
        refusal = limits.refuse_prompt(text)
        if refusal is not None:
            return {self.status: refusal_line(refusal, session.language)}
        session = self._about(session, text)
        return {self.session: session, self.status: {}, self.counts: views.counts_value(session),
                self.texts: views.texts_value(session)}

    def run(self, name: str, session: Session, text: str):
        """The snippet with one GPT-2; what cannot run is said in one line."""
        able = {"ours": snippets.ships, "real": snippets.hub_may_be_asked}[name]
        refusal = limits.refuse_prompt(text)
        if refusal is not None or not able():
            yield {self.status: refusal_line(refusal, session.language) if refusal else views.line(session)}
            return
        yield {self.status: {"kind": "busy", "text": say(session.language, f"snippet.running.{name}")}}
        try:
            ran = {"ours": snippets.run_ours, "real": snippets.run_real}[name](text)
        except SnippetError as error:
            yield {self.status: {"kind": "problem", "text": say(session.language, "snippet.failed", error=error)}}
            return
        session = self._about(session, text)
        known = {**dict(session.training.snippets), name: ran}
        session = session.but(training=replace(session.training, snippets=tuple(known.items())))
        yield {self.session: session, self.status: {}, self.counts: views.counts_value(session),
               self.texts: views.texts_value(session)}

    def _about(self, session: Session, text: str) -> Session:
        if text == views.sentence(session):
            return session
        return session.but(training=replace(session.training, counted=text, snippets=()))

    def _lay_out_question(self, labels: Labels) -> None:
        with gr.Row(elem_classes="ask"):
            self.text = labels.make(gr.Textbox, {"label": "snippet.text", "placeholder": "prompt.placeholder"},
                                    value=views.SENTENCE, lines=1, max_lines=6, scale=8, min_width=200,
                                    container=False, elem_id="snippet-text")
            self.buttons = {"count": labels.make(gr.Button, {"value": "snippet.run.count"}, variant="primary", scale=1,
                                                 min_width=140, elem_id="snippet-run-count")}
        with gr.Row(elem_classes="examples"):
            for name in ("ours", "real"):
                self.buttons[name] = labels.make(gr.Button, {"value": f"snippet.run.{name}"}, size="sm",
                                                 interactive=False, elem_id=f"snippet-run-{name}")

    def _connect(self) -> None:
        asked = [self.session, self.text]
        told = [self.session, self.status, self.counts, self.texts]
        gr.on([self.buttons["count"].click, self.text.submit], self.count, asked, told, **SLIDING)
        self.running = {}
        for name in ("ours", "real"):
            self.running[name] = LongEvent(self.session, self._running(name), self.show, _merge)
            self.running[name].connect([self.buttons[name].click], asked, told, **HEAVY)
        self.counts.hands_out = partial(csv_file, "snippet-tokens", views.counts)

    def _running(self, name: str):
        def run(session: Session, text: str):
            yield from self.run(name, session, text)

        return run


def _merge(late: Late, now: Session) -> Session:
    """What was written after a sentence goes when another one was counted meanwhile."""
    return merged(*late, now) if now.training.counted == late.before.training.counted else now
