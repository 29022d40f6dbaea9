"""Which experts does each token meet? Follow a prompt live, while the model writes on."""

import gradio as gr

from app import limits
from app.components import FigurePanel, Player, StatusLine, TokenStrip
from app.engine import Engine
from app.labels import Labels
from app.link import DEFAULTS, checked, to_query
from app.opening import opened_run
from app.runs import Runs
from app.session import Session
from app.tabs.long_event import Late, LongEvent
from app.tabs.prompt_more import MorePart
from app.tabs.wiring import HEAVY, QUIET, SHARED, SLIDING, either, offer_csv, visible, within
from app.views import prompt as views
from app.views.player import MOVING, player_value, run_file
from app.views.status import opened_line, refusal_line, resting_line, run_line, stage_line
from app.words import say

DEFAULT_PROMPT = "我喜欢学习AI"
QUANTITIES = {name: f"prompt.quantity.{name}" for name in ("probability", "weight")}  # what the heatmap can show
EXAMPLES = (DEFAULT_PROMPT, "Once upon a time", "从前有一只小猫", "The little dog", "小明说：", "def add(a, b):")


class PromptTab:
    """The tab's components; `shown` are those that `show` fills from a session."""

    def __init__(self, labels: Labels, session: gr.State, engine: Engine):
        self.session, self.engine, self.runs = session, engine, Runs()
        first: Session = session.value
        with labels.make(gr.Tab, {"label": "tab.prompt"}, id="prompt"):
            with gr.Column(elem_classes="sheet"):
                self._lay_out_question(labels)
                self.status = StatusLine(elem_id="run-status")
                self.strip = TokenStrip(views.strip_value(first), elem_id="strip", moves=True)
                with gr.Row(elem_classes="play-row"):
                    self.player = Player(player_value(first), elem_id="player", layers="#layer")
                    self.open = labels.make(gr.UploadButton, {"label": "player.open"}, size="sm", min_width=0, scale=0,
                                            file_types=[".json"], elem_id="open-run")
                self._lay_out_layer(labels, first)
                self._lay_out_dials(labels)
            self.panels = self._lay_out_panels(first)
            self.more = MorePart(labels, session, engine)
            self.shown = [self.status, self.strip, self.player, self.layer, *self.panels.values(), *self.more.shown]
            self._connect()  # within: gradio counts whatever stands between tabs as a tab

    def show(self, session: Session) -> dict:
        """Everything this tab draws of a session."""
        layers = len(session.trace.layers)
        return {
            self.status: resting_line(session), self.strip: views.strip_value(session),
            self.player: player_value(session),
            self.layer: gr.update(value=session.layer, maximum=max(layers - 1, 1)), **self._draw(session),
            **self.more.show(session),
        }

    def generate(self, values: dict, request: gr.Request):
        """Refuse what cannot run, wait for the model if need be, then stream."""
        session, prompt = values[self.session], values[self.prompt]
        refusal = limits.refuse_prompt(prompt)
        if refusal is None:
            yield from self._wait(session)
            refusal, sampling = self._check(prompt, values)
        if refusal is not None:
            yield {self.status: refusal_line(refusal, session.language), **self._busy(False)}
        elif self.engine.stage.name == "ready":
            yield from self._stream(session.but(link=to_query(prompt, sampling)), prompt, sampling, request)

    def generate_linked(self, values: dict, request: gr.Request):
        """Run what the page's address asks for, once."""
        yield {self.status: gr.skip()}  # here too a generator has to yield
        if values[self.session].link:
            yield from self.generate(values, request)

    def stop(self, request: gr.Request) -> None:
        """End this visitor's run after the step it is in."""
        self.runs.stop(request.session_hash)

    def live(self, session: Session, request: gr.Request) -> Session:
        """The session with as much of the visitor's run as is written; the session itself learns of it at the end."""
        visitor = request.session_hash
        grown = self.runs.grown(visitor)
        if grown is None:
            return session
        return session.with_trace(grown).but(**{"position": grown.phase.count("prompt") - 1,
                                                **self.runs.looked(visitor)})

    def change_quantity(self, session: Session, quantity: str, request: gr.Request) -> dict:
        """Let the heatmap show probabilities, or the weights really applied."""
        quantity = quantity if quantity in QUANTITIES else "probability"
        self.runs.look(request.session_hash, quantity=quantity)
        session = self.live(session, request).but(quantity=quantity)
        return {self.session: session, self.player: player_value(session), **self._draw(session, "gates")}

    def settle(self, session: Session, event: gr.EventData, request: gr.Request) -> dict:
        """The visitor has come to rest on a token and a layer: draw what the browser cannot draw by itself."""
        before = self.live(session, request)
        session = self._look(before, event, request)
        moved = () if session.position == before.position else ("next",)
        other = session.layer != before.layer
        return {self.session: session, **self._draw(session, "choice", *moved),
                **(self.more.show(session, "confidence", "coverage") if other else {})}

    def look(self, session: Session, event: gr.EventData, request: gr.Request) -> dict:
        """The same where the browser draws nothing by itself: the run is too large to send."""
        session = self._look(self.live(session, request), event, request)
        return {self.session: session, self.strip: views.strip_value(session), self.player: player_value(session),
                **self._draw(session, "gates", "path", "choice", "next"),
                **self.more.show(session, "confidence", "coverage")}

    def end(self, session: Session, late: Late | None) -> dict:
        """The last token has arrived in the browser: draw what stood still while the text grew.

        It may come before the quiet event that takes the run over: then it takes it over itself.
        """
        taken = self.generating.take(session, late)
        return {**taken, **self.show(taken.get(self.session, session))}

    def save_run(self, session: Session, request: gr.Request) -> dict:
        """The run on the screen as a file."""
        return gr.update(download=run_file(self.live(session, request).trace))

    def open_run(self, session: Session, path: str | None, request: gr.Request) -> dict:
        """Replay a run from a file; a file that cannot be trusted changes nothing."""
        self.runs.stop(request.session_hash)
        opened = opened_run(path)
        if isinstance(opened, limits.Refusal):
            return {self.status: refusal_line(opened, session.language)}
        session = session.with_trace(opened).but(recorded=True, link={}, position=0)
        return {self.session: session, **self.show(session), self.status: opened_line(session)}

    def _look(self, session: Session, event: gr.EventData, request: gr.Request) -> Session:
        wanted = {"position": (event.position, len(session.trace.token_ids)),
                  "layer": (event.layer, len(session.trace.layers))}
        looked = {name: within(at, total - 1) for name, (at, total) in wanted.items() if at is not None}
        self.runs.look(request.session_hash, **looked)
        return session.but(**looked)

    def _draw(self, session: Session, *names: str) -> dict:
        return {self.panels[name]: views.panel_value(name, session) for name in names or views.PANELS}

    def _wait(self, session: Session):
        if self.engine.stage.name != "ready":
            yield {self.status: {"kind": "busy", "text": say(session.language, "run.waiting")}, **self._busy(True)}
            stage = self.engine.wait()
            yield {self.status: stage_line(stage, session.language), **self._busy(False)}

    def _check(self, prompt: str, values: dict):
        """A refusal or the dials; nothing to check with when the model is broken."""
        try:
            sampling = checked(**{name: values[dial] for name, dial in self.dials.items()})
        except (ValueError, TypeError) as error:
            return limits.Refusal("refuse.dials", {"error": error}), None
        if self.engine.stage.name != "ready":
            return None, sampling
        return limits.refuse_tokens(self.engine.count_tokens(prompt), self.engine.context), sampling

    def _stream(self, session: Session, prompt: str, sampling, request: gr.Request):
        visitor = request.session_hash
        sign = self.runs.begin(visitor)
        try:
            yield self._busy(True)  # said once: every component costs every frame time
            for step, trace in enumerate(self.engine.stream(prompt, sampling, sign)):
                if sign.superseded:
                    return
                self.runs.grow(visitor, sign, trace)
                session = session.with_trace(trace).but(**{"position": trace.phase.count("prompt") - 1,
                                                           **self.runs.looked(visitor)})
                yield {self.session: session, self.status: run_line(session),
                       self.player: player_value(session, live=True, whole=step == 0)}
            if not sign.superseded:
                yield {self.session: session, self.status: resting_line(session),
                       self.player: player_value(session, closing=True), **self._busy(False)}
        finally:
            self.runs.end(visitor, sign)

    def _busy(self, running: bool) -> dict:
        return {self.run: visible(not running), self.halt: visible(running)}

    def _lay_out_question(self, labels: Labels) -> None:
        with gr.Row(elem_classes="ask"):
            self.prompt = labels.make(
                gr.Textbox, {"label": "prompt.label", "placeholder": "prompt.placeholder"}, value=DEFAULT_PROMPT,
                lines=1, max_lines=5, container=False, scale=8, min_width=200, elem_id="prompt", autofocus=False)
            self.run = labels.make(gr.Button, {"value": "prompt.run"}, variant="primary", scale=1, min_width=120)
            self.halt = labels.make(gr.Button, {"value": "prompt.stop"}, variant="stop", scale=1, min_width=120,
                                    visible="hidden")
        with gr.Row(elem_classes="examples"):
            self.examples = [gr.Button(text, size="sm", elem_classes="chip", elem_id=f"prompt-example-{place}")
                             for place, text in enumerate(EXAMPLES)]

    def _lay_out_layer(self, labels: Labels, first: Session) -> None:
        with gr.Row(elem_classes="layer-row"):
            self.layer = labels.make(
                gr.Slider, {"label": "prompt.layer", "info": "prompt.layer.info"}, minimum=0,
                maximum=max(len(first.trace.layers) - 1, 1), step=1, value=first.layer, buttons=[], elem_id="layer",
                interactive=True)  # the player listens to it
            self.quantity = labels.make(
                gr.Radio, {"label": "prompt.quantity", "choices": QUANTITIES}, value=first.quantity,
                elem_classes="pills", elem_id="quantity")

    def _lay_out_dials(self, labels: Labels) -> None:
        def dial(kind, name: str, **range_and_value):
            return labels.make(kind, {"label": f"prompt.{name}", "info": f"prompt.{name}.info"}, **range_and_value)

        with labels.make(gr.Accordion, {"label": "prompt.sampling"}, open=False), gr.Row():
            self.dials = {
                "temperature": dial(gr.Slider, "temperature", minimum=0, maximum=2, step=0.05,
                                    value=DEFAULTS.temperature),
                "top_p": dial(gr.Slider, "top_p", minimum=0.05, maximum=1, step=0.05, value=DEFAULTS.top_p),
                "top_k": dial(gr.Slider, "top_k", minimum=0, maximum=100, step=1, value=DEFAULTS.top_k),
                "max_new_tokens": dial(gr.Slider, "length", minimum=1, maximum=limits.MAX_NEW_TOKENS, step=1,
                                       value=DEFAULTS.max_new_tokens),
                "seed": dial(gr.Number, "seed", minimum=0, maximum=2**32 - 1, precision=0, value=DEFAULTS.seed),
            }

    def _lay_out_panels(self, first: Session) -> dict[str, FigurePanel]:
        def make(name: str) -> FigurePanel:
            return FigurePanel(views.panel_value(name, first), elem_id=name, moves=name if name in MOVING else None)

        with gr.Row(elem_classes="panels"):
            with gr.Column(scale=27, min_width=320):
                left = {name: make(name) for name in ("gates", "load")}
            with gr.Column(scale=20, min_width=320):
                right = {name: make(name) for name in ("path", "choice", "next")}
        return left | right

    def _connect(self) -> None:
        asked = {self.session, self.prompt, *self.dials.values()}
        # Few, for the browser pays for each of them at every token: what else belongs to a run is drawn at its end.
        growing = [self.session, self.status, self.player, self.run, self.halt]
        self.generating = LongEvent(self.session, self.generate, lambda session: {})  # all is drawn when it has arrived
        anew = {**HEAVY, "trigger_mode": "multiple"}  # Enter while a text grows: the new one takes its place
        linked = LongEvent(self.session, self.generate_linked, lambda session: {}, found=self.generating.found)
        self.connect_linked = lambda ready: linked.connect(ready.then, asked, growing, **HEAVY)
        self.generating.connect([self.prompt.submit, self.run.click], asked, growing, **anew)
        examples = dict(zip(self.examples, EXAMPLES, strict=True))
        chosen = gr.on([button.click for button in examples], either(examples, str), None, self.prompt, **SHARED)
        self.generating.connect(chosen.then, asked, growing, **anew)
        self.halt.click(self.stop, None, None, **QUIET)
        drawn = [self.session, self.panels["choice"], self.panels["next"], *self.more.of_layer]
        looked = [*drawn, self.strip, self.player, self.panels["gates"], self.panels["path"]]
        self.player.settle(self.settle, self.session, drawn, **SLIDING)
        self.player.look(self.look, self.session, looked, **SLIDING)
        found = self.generating.found
        self.player.end(self.end, [self.session, found], [self.session, found, *self.shown],
                        **SLIDING)  # the next run may end while this is drawn
        self.quantity.input(self.change_quantity, [self.session, self.quantity],
                            [self.session, self.player, self.panels["gates"]], **SLIDING)
        self.player.save_click(self.save_run, self.session, self.player, **QUIET)
        self.open.upload(self.open_run, [self.session, self.open], [self.session, *self.shown], **SLIDING)
        offer_csv(self.panels, views.DRAWERS)
