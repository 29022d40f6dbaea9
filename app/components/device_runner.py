"""Runs an exported model in the visitor's own browser and shows text, routing and speed as they come.

The server only hands out files; the words and the rows of the card come from it too.
"""

from pathlib import Path

from app.components.widget import FOLDER, Widget

ROOT = FOLDER.parents[1]
BROWSER = FOLDER / "device_browser"                        # modules that the browser imports
RUNTIME = ROOT / "assets" / "vendor" / "onnxruntime-web"   # 1.30.0, the WebAssembly build of one thread


def address(path: Path) -> str:
    """Where the page finds a file of a static folder, relative to its own address."""
    inside = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    return f"gradio_api/file={inside.as_posix()}"


class DeviceRunner(Widget):
    """Value: words, cards (plan -> rows of [name, value, note]), experts' count comes with a file.

    Event `file_wanted` carries a plan; its file comes back through the property `files`
    ({plan: {"url", "tokenizer", "bytes", "shape"} or {"problem"}}). Event `answer_wanted` carries plan, prompt and
    token_ids of a run; the server's own run comes back through `answer`.
    """

    markup = (
        '<section class="device">'
        '<p class="status" role="status" aria-live="polite"></p>'
        '<div class="device-results" hidden>'
        '<dl class="numbers"></dl>'
        '<section class="panel"><header><h2 class="strip-title"></h2><span class="badge"></span></header>'
        '<p class="caption strip-caption"></p>'
        '<label class="device-layer"><span></span><input type="range" min="0" max="0" value="0" step="1">'
        "<output></output></label>"
        '<div class="strip" role="group"></div>'
        '<p class="device-token" role="status"></p>'
        "</section>"
        '<section class="panel"><header><h2 class="gates-title"></h2><span class="badge"></span></header>'
        '<p class="caption gates-caption"></p><div class="gates" tabindex="0" role="region"></div></section>'
        "</div>"
        '<section class="panel device-card" hidden><header><h2></h2></header><p class="caption"></p>'
        "<table><tbody></tbody></table>"
        '<p class="device-actions"><button type="button" class="check"></button><a class="take" hidden></a></p>'
        '<p class="status checked" role="status"></p>'
        "</section></section>"
    )
    script = "device_runner.js"

    constants = {"MODULES": address(BROWSER), "RUNTIME": {
        "script": address(RUNTIME / "ort.wasm.min.mjs"), "glue": address(RUNTIME / "ort-wasm-simd-threaded.mjs"),
        "program": address(RUNTIME / "ort-wasm-simd-threaded.wasm.gz")}}

    def __init__(self, value=None, **properties):
        super().__init__(value=value, **{"files": {}, "answer": None, **properties})
