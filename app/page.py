"""The whole page: its head, one line per tab, and what happens when it is opened."""

import asyncio

import gradio as gr
from starlette.middleware import Middleware

from app import limits, look
from app.arrival import Arrival
from app.components import FileDesk, StatusLine, ThemeSwitch
from app.engine import Engine
from app.first_look import first_look
from app.labels import Labels
from app.link import DEFAULTS, from_query, to_query
from app.session import Session
from app.tabs.budget import BudgetTab
from app.tabs.device import DeviceTab
from app.tabs.experts import ExpertsTab
from app.tabs.precision import PrecisionTab
from app.tabs.prompt import PromptTab
from app.tabs.tasks import TasksTab
from app.tabs.training import KEY_OF_TAB, TrainingTab
from app.tabs.what_if import WhatIfTab
from app.tabs.wiring import QUIET, SLIDING
from app.training_runs import Foreman
from app.views.status import stage_line
from app.words import LANGUAGES, say
from moe_core.tracing.trace import RoutingTrace

LANGUAGE_OF_DOCUMENT = "(language) => { document.documentElement.lang = language; }"  # for fonts and screen readers


def launch_settings(recorded: RoutingTrace) -> dict:
    """What `launch` of the page is given; the first look shows `recorded`."""
    looks = {language: first_look(first_session(recorded, language)) for language in look.PATHS}
    return {
        "ssr_mode": False, "run_history": False, "enable_monitoring": False, "max_file_size": "1mb",
        "show_error": False, "pwa": False, "mcp_server": False, "footer_links": [], "theme": look.gradio_theme(),
        "app_kwargs": {"middleware": [Middleware(Arrival, looks=looks)]}, "head": look.head(),
        "css_paths": look.STYLE_SHEETS,
    }


def first_session(recorded: RoutingTrace, language: str) -> Session:
    """What a visitor begins with."""
    middle = len(recorded.layers) // 2
    return Session(recorded, language=language, layer=middle, compared_layer=middle,
                   position=recorded.phase.count("prompt") - 1)


def build_page(engine: Engine, recorded: RoutingTrace) -> gr.Blocks:
    """The page around one engine, once a language; `recorded` is what a visitor sees before the model is there.

    A page is drawn at once in the language of its address: to translate all of it takes a browser seconds.
    """
    gr.set_static_paths([look.PLOTLY.parent])
    foreman = Foreman()
    demo = gr.Blocks(title="MoEscope", delete_cache=(3600, 3600), analytics_enabled=False)
    for language, path in look.PATHS.items():
        with demo.route(LANGUAGES[language], path, show_in_navbar=False) if path else demo:
            session = gr.State(first_session(recorded, language))
            _connect(demo, Page(engine, Labels(language), session, foreman))
    return demo.queue(max_size=limits.QUEUE_LENGTH, default_concurrency_limit=None, api_open=False)


def _lay_out_head(labels: Labels) -> gr.Radio:
    with gr.Row(elem_classes="masthead"):
        gr.HTML("<h1>MoEscope</h1>", js_on_load=None, min_width=0)
        labels.make(StatusLine, {"value": lambda language: {"text": say(language, "page.tagline"), "kind": "tagline"}})
        language = labels.make(gr.Radio, {"label": "page.language"}, value=labels.language, elem_id="language",
                               min_width=0, choices=[(name, key) for key, name in LANGUAGES.items()])
        labels.make(ThemeSwitch, {"value": _theme_words})
    return language


def _theme_words(language: str) -> dict:
    return {word: say(language, f"theme.{word}") for word in ("group", "light", "auto", "dark")}


def _connect(demo: gr.Blocks, page: "Page") -> None:
    arrived = demo.load(page.arrive, [page.session, page.training.key], page.arrival, js=KEY_OF_TAB, **QUIET)
    page.training.connect_page(demo, arrived)
    spoken = page.language.change(page.translate, [page.session, page.language], page.spoken, **QUIET)
    for event in (arrived, spoken):  # gradio itself names the browser's language
        event.then(None, page.language, None, js=LANGUAGE_OF_DOCUMENT, **QUIET)
    ready = arrived.then(page.follow_model, page.session, page.notice, show_progress="hidden",
                         api_visibility="private")
    page.prompt.connect_linked(ready)
    page.desk.file_wanted(page.desk.answer, page.session, page.desk, **SLIDING)
    page.tasks.follow.click(page.follow_answer, page.session,
                            [page.session, page.notice, page.bar, page.prompt.prompt, *page.prompt.shown], **QUIET)


class Page:
    """What happens to the page as a whole: it is opened, it changes language, its model arrives."""

    def __init__(self, engine: Engine, labels: Labels, session: gr.State, foreman: Foreman):
        self.engine, self.labels, self.session = engine, labels, session
        self.language = _lay_out_head(labels)
        self.notice = StatusLine(stage_line(engine.stage, labels.language), elem_id="notice")
        with gr.Tabs(overflow_behavior="wrap") as self.bar:
            self.prompt = PromptTab(labels, session, engine)
            self.precision = PrecisionTab(labels, session, engine)
            self.experts = ExpertsTab(labels, session, engine)
            self.what_if = WhatIfTab(labels, session, engine)
            self.budget = BudgetTab(labels, session, engine)
            self.device = DeviceTab(labels, session, engine)
            self.tasks = TasksTab(labels, session, engine)
            self.training = TrainingTab(labels, session, foreman, engine)
        self.tabs = [self.prompt, self.precision, self.experts, self.what_if, self.budget, self.device, self.tasks,
                     self.training]
        self.desk = FileDesk(elem_id="files")
        self.desk.serve(self.bar)
        self.arrival = [session, self.prompt.prompt, *self.prompt.dials.values()]
        self.drawn = [session, self.notice, *(component for tab in self.tabs for component in tab.shown)]
        self.spoken = list(dict.fromkeys([*self.drawn, *labels.components]))

    def follow_answer(self, session: Session) -> dict:
        """The answer of the tab Tasks becomes the run of the first tab, which opens."""
        if session.working.answered is None:
            return {self.notice: gr.skip()}
        trace = session.working.answered.trace
        session = session.with_trace(trace).but(
            link={}, layer=session.working.layer, position=session.working.position)
        prompt = trace.settings.get("prompt", "")
        text = {self.prompt.prompt: prompt} if len(prompt) <= limits.MAX_CHARACTERS else {}
        return {self.session: session, self.bar: gr.Tabs(selected="prompt"), **text, **self.prompt.show(session)}

    def arrive(self, session: Session, key: str, request: gr.Request) -> dict:
        """Take the run and the dials from the address, and what trains for this visitor."""
        session = self.training.come_back(session, key, request.session_hash)
        asked = from_query(dict(request.query_params))
        dials = {dial: getattr(asked.sampling, name) for name, dial in self.prompt.dials.items()
                 if getattr(asked.sampling, name) != getattr(DEFAULTS, name)}  # the page opens with the others
        if asked.prompt is None:
            return {self.session: session, **dials}
        session = session.but(link=to_query(asked.prompt, asked.sampling))
        return {self.session: session, self.prompt.prompt: asked.prompt, **dials}

    def translate(self, session: Session, language: str, request: gr.Request) -> dict:
        """All fixed labels, and all drawn sentences and figures, in another language."""
        fixed = dict(zip(self.labels.components, self.labels.in_language(language), strict=True))
        drawn = self._redraw(session, language, request)
        return {component: _joined(fixed.get(component), drawn.get(component)) for component in {**fixed, **drawn}}

    def _redraw(self, session: Session, language: str, request: gr.Request) -> dict:
        for tab in (self.prompt, self.budget):
            tab.runs.look(request.session_hash, language=language)
        session = self.prompt.live(session.but(language=language), request)
        drawn = {component: value for tab in self.tabs for component, value in tab.show(session).items()}
        return {self.session: session, self.notice: stage_line(self.engine.stage, language), **drawn}

    async def follow_model(self, session: Session):
        """Tell how far the model is until it is ready or broken."""
        self.engine.start()
        while self.engine.stage.name == "loading":
            yield stage_line(self.engine.stage, session.language)
            await asyncio.sleep(0.3)
        self.experts.prepare()
        yield stage_line(self.engine.stage, session.language)


def _joined(fixed: dict | None, drawn):
    """One update of a component that has a label and a value."""
    if fixed is None or drawn is None:
        return drawn if fixed is None else fixed
    is_update = isinstance(drawn, dict) and drawn.get("__type__") == "update"
    return fixed | (drawn if is_update else {"value": drawn})
