"""Opens the page: python app.py"""

import gc
import os
from pathlib import Path

# Before gradio is imported: no calls home, no pauses of the waiting threads at the cost of other visitors.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", "1000")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "0")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # one token at a time is too little for two threads to share
gc.disable()  # until the page is served: what is imported and built now stays

from app.engine import Engine
from app.page import build_page, launch_settings
from app.shipped import MODEL, TRACES
from moe_core.tracing import bundle

TRACE = Path(os.environ.get("MOESCOPE_TRACE", TRACES / "first-screen.trace.json"))

engine = Engine(MODEL)
recorded = bundle.load(TRACE)
demo = build_page(engine, recorded)

if __name__ == "__main__":
    demo.launch(**launch_settings(recorded), prevent_thread_lock=True)
    gc.freeze()
    gc.enable()
    engine.start()  # the page is served; now torch may take its time
    demo.block_thread()
