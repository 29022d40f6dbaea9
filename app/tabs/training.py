"""How did the experts come to differ? The visitor trains: a thousand words, a live mixture; a table of strategies."""

import asyncio
import secrets
from dataclasses import replace

import gradio as gr

from app.companions import Companions
from app.engine import Engine
from app.labels import Labels
from app.session import Session
from app.tabs.training_again import AgainPart
from app.tabs.training_lab import LabPart
from app.tabs.training_pipeline import PipelinePart
from app.tabs.training_scrubber import ScrubberPart
from app.tabs.training_snippet import SnippetPart
from app.tabs.training_table import TablePart
from app.tabs.training_twins import TwinsPart
from app.tabs.training_words import WordsPart
from app.tabs.wiring import SILENT
from app.training_runs import Foreman
from app.training_state import LAB, TABLE, WORDS, valid_key

# The browser makes a key for this tab and keeps it over a reload; another tab has another.
KEY_OF_TAB = """(session, key) => {
  const name = 'moescope-training';
  if (!sessionStorage.getItem(name)) {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    sessionStorage.setItem(name, [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(''));
  }
  return [session, sessionStorage.getItem(name)];
}"""
FOLLOWING = {"concurrency_limit": None, **SILENT}
LOOK_EVERY = 0.35  # seconds between two looks at a run


class TrainingTab:
    """The tab's components; `shown` are those that `show` fills from a session."""

    def __init__(self, labels: Labels, session: gr.State, foreman: Foreman | None = None,
                 engine: Engine | None = None):
        self.session, self.foreman = session, foreman or Foreman()
        self._keys: dict[str, str] = {}  # gradio's name of a page -> the visitor's key
        self.tab = labels.make(gr.Tab, {"label": "tab.training"}, id="training")
        with self.tab:
            self.key = gr.Textbox(visible=False)
            with gr.Tabs(elem_id="training-parts", overflow_behavior="wrap"):
                with labels.make(gr.Tab, {"label": f"training.part.{WORDS}"}, id=WORDS) as words:
                    self.words = WordsPart(labels, session, self.foreman)
                with labels.make(gr.Tab, {"label": f"training.part.{LAB}"}, id=LAB) as lab:
                    self.lab = LabPart(labels, session, self.foreman)
                with labels.make(gr.Tab, {"label": "training.part.table"}, id="table") as table:
                    self.table = TablePart()
                    self.again = AgainPart(labels, session, self.foreman)
                with labels.make(gr.Tab, {"label": "training.part.pipeline"}, id="pipeline") as pipeline:
                    self.pipeline = PipelinePart(labels, session)
                with labels.make(gr.Tab, {"label": "training.part.scrubber"}, id="scrubber") as scrubber:
                    self.scrubber = ScrubberPart(labels, session)
                with labels.make(gr.Tab, {"label": "training.part.twins"}, id="twins") as twins:
                    self.twins = TwinsPart(labels, session, Companions(engine))
                with labels.make(gr.Tab, {"label": "training.part.snippet"}, id="snippet") as snippet:
                    self.snippet = SnippetPart(labels, session)
        self.openings = [(words, self.words), (lab, self.lab), (table, self.table),
                         (table, self.again), (pipeline, self.pipeline), (scrubber, self.scrubber),
                         (twins, self.twins), (snippet, self.snippet)]
        self.runs = {WORDS: self.words, LAB: self.lab, TABLE: self.again}
        self.looks = (self.table, self.pipeline, self.scrubber, self.twins, self.snippet)  # what is recorded
        parts = (*self.runs.values(), *self.looks)
        self.shown = [component for part in parts for component in part.shown]
        self._connect()

    def show(self, session: Session) -> dict:
        """Everything this tab draws of a session; nothing before it is opened for the first time."""
        if not session.training.opened:
            return {}
        self.foreman.bench(session.training.key).language = session.language
        seen = [part for part in self.looks if part.room in session.training.seen]
        recorded = {component: value for part in seen for component, value in part.show(session).items()}
        runs = {component: value for part in self.runs.values() for component, value in part.show(session).items()}
        return {**runs, **recorded}

    def open(self, part, session: Session, request: gr.Request):
        """Draw one part when it is opened: what came before the browser had made its widgets may not have been drawn,
        and would not be drawn again unless something else came first.
        """
        key = session.training.key or self._keys.get(request.session_hash, "")
        session = session.but(training=replace(session.training, opened=True, key=key,
                                                seen=session.training.seen | {part.room}))
        yield {self.session: session, **part.blank()}
        yield part.opened(session) if part in self.runs.values() else part.show(session)

    def come_back(self, session: Session, key: str, page: str) -> Session:
        """The page was opened, gradio's name for it is given: whoever has its key may have a run going."""
        key = valid_key(key) or secrets.token_hex(16)
        self._keys[page] = key
        self.foreman.come_back(key)
        return session.but(training=replace(session.training, key=key))

    def leave(self, request: gr.Request) -> None:
        """The page was closed or reloaded: nothing is computed for nobody."""
        key = self._keys.pop(request.session_hash, "")
        if key:
            self.foreman.leave(key)

    async def follow(self, session: Session):
        """Tell how the visitor's runs go until none is going; each look draws only what is new."""
        key, seen = session.training.key, {}
        while key:
            bench = self.foreman.bench(key)
            spoken = replace(session.training, opened=True)
            now = session.but(language=bench.language, training=spoken)
            for kind, part in self.runs.items():
                run = bench.runs.get(kind)
                look = run and (id(run), run.version, self.foreman.place(run), bench.language)
                if run is not None and look != seen.get(kind):
                    seen[kind] = look
                    yield part.show(now)
            if bench.active is None:
                return
            await asyncio.sleep(LOOK_EVERY)

    def connect_page(self, demo: gr.Blocks, arrived) -> None:
        """After a visitor is known again: follow the visitor's run."""
        arrived.then(self.follow, self.session, self.shown, **FOLLOWING)
        demo.unload(self.leave)

    def _connect(self) -> None:
        for tab, part in self.openings:
            tab.select(self._opening(part), self.session, [self.session, *part.shown], **FOLLOWING)
        for part in self.runs.values():
            started = part.started()
            started.then(self.follow, self.session, self.shown, **FOLLOWING)

    def _opening(self, part):
        def opening(session: Session, request: gr.Request):
            yield from self.open(part, session, request)

        return opening
