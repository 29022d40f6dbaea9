"""The three kinds of export: each writes a folder of files and says on what they can be run here.

It does not judge what the runs give.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import copyfile
from typing import NamedTuple

from moe_core.export import c_build
from moe_core.export.parity import Read, Runner
from moe_core.model.causal_lm import MoEscopeForCausalLM
from moe_core.precision.calibration import calibrated
from moe_core.precision.plan import Plan
from moe_core.tracing.own import LoadedModel


class Exported(NamedTuple):
    """What was written."""

    file: Path              # the model
    files: tuple[Path, ...]
    plan: Plan              # as written, which need not be as asked
    model: MoEscopeForCausalLM  # as written: fitted to text where the plan has short formats


class Place(NamedTuple):
    """Somewhere the export can be run, or not."""

    name: str
    missing: str | None                     # what must be installed first
    start: Callable[[Path], Runner] | None  # given a folder for what is built
    quick: bool = True                      # False = emulated, many times slower


def export(target: str, loaded: LoadedModel, plan: Plan, folder: Path) -> Exported:
    """Write the files into the folder."""
    return {"c": _c, "gguf": _gguf, "onnx": _onnx}[target](loaded, plan, folder)


def places(target: str, loaded: LoadedModel, exported: Exported) -> Iterator[Place]:
    """Where it could run."""
    return {"c": _c_places, "gguf": _gguf_places, "onnx": _onnx_places}[target](loaded, exported)


def _c(loaded: LoadedModel, plan: Plan, folder: Path) -> Exported:
    from moe_core.export.c_pack import write

    source, model = copyfile(c_build.SOURCE, folder / c_build.SOURCE.name), calibrated(loaded, plan).model
    file = write(model, loaded.tokenizer, plan, folder / "model.bin")
    return Exported(file, (file, source, _readme(folder, loaded.name, C_README)), plan, model)


def _c_places(loaded: LoadedModel, exported: Exported) -> Iterator[Place]:
    def start(device: c_build.Device) -> Callable[[Path], Runner]:
        return lambda folder: c_build.CRunner(device.build(folder), exported.file, loaded.model.config.vocab_size)

    for device in (c_build.this_machine(), c_build.ARM64, c_build.ARMV7):
        name = f"{device.name}, {device.emulator}" if device.emulator else device.name
        yield Place(name, device.missing, start(device), quick=device.emulator is None)


def _gguf(loaded: LoadedModel, plan: Plan, folder: Path) -> Exported:
    from moe_core.export.gguf_pack import fitted, write

    plan = fitted(plan)
    model = calibrated(loaded, plan).model
    file = write(model, loaded.tokenizer, plan, folder / "model.gguf", loaded.name)
    return Exported(file, (file, _readme(folder, loaded.name, GGUF_README)), plan, model)


def _gguf_places(loaded: LoadedModel, exported: Exported) -> Iterator[Place]:
    from moe_core.export import gguf_run

    config = loaded.model.config
    yield Place("llama.cpp, this machine", gguf_run.missing(), lambda folder: gguf_run.LlamaRunner(
        exported.file, config.vocab_size, config.eos_token_id, config.max_position_embeddings))


def _onnx(loaded: LoadedModel, plan: Plan, folder: Path) -> Exported:
    try:
        from moe_core.export.onnx_plan import export_onnx
    except ImportError as error:
        raise ValueError(f"the ONNX export is not here: {error}") from None

    model = calibrated(loaded, plan).model
    file = export_onnx(model, loaded.tokenizer, plan, folder)
    return Exported(file, tuple(sorted(path for path in folder.iterdir() if path.is_file())), plan, model)


def _onnx_places(loaded: LoadedModel, exported: Exported) -> Iterator[Place]:
    yield Place("onnxruntime, this machine", None, lambda folder: _OnnxRunner(exported.file))


class _OnnxRunner:
    """onnxruntime with one file, as parity asks for it."""

    def __init__(self, file: Path):
        from moe_core.export.onnx_run import OnnxModel

        self.model = OnnxModel(file)

    def read(self, token_ids: list[int]) -> Read:
        self.model.forget()
        step = self.model.feed([self.model.shape["end_id"], *token_ids])
        return Read(step.logits[1:], step.expert_ids[:, 1:])

    def write_on(self, token_ids: list[int], new_tokens: int) -> list[int]:
        return self.model.greedy(token_ids, new_tokens)[0]


def _readme(folder: Path, name: str, text: str) -> Path:
    path = folder / "README.md"
    path.write_text(text.format(name=name, flags=" ".join(c_build.ALWAYS)), encoding="utf-8")
    return path


C_README = """# {name} in C

    cc {flags} -o moescope runtime.c -lm
    ./moescope model.bin --prompt "Once upon a time"
    ./moescope model.bin --prompt "从前" --temperature 0.8 --seed 1 --routes

`runtime.c` is C99 and needs nothing but libc and libm. Add `-march=native` for AVX2 and F16C; ARM64 uses NEON by
itself. For another device take its compiler, such as `aarch64-linux-gnu-gcc -static` or
`arm-linux-gnueabihf-gcc -static`. The answers are the same, bit by bit, on all of them.
"""
GGUF_README = """# {name} for llama.cpp

    llama-completion -m model.gguf -p "Once upon a time" -no-cnv --temp 0

The architecture is `granitemoe`. llama.cpp also rounds activations where parameters are whole numbers, so its
probabilities differ a little from the planned model's; its tokenizer does not look for word borders, which only shows
at an apostrophe that is a quote.
"""
