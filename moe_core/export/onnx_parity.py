"""How an exported file compares: with the simulator it must equal, and with the model as it is.

Knows nothing of commands; what leaves here are plain numbers.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import onnxruntime
import torch

from moe_core.export.onnx_plan import export_onnx
from moe_core.export.onnx_run import OnnxModel, Step
from moe_core.model.causal_lm import MoEscopeForCausalLM
from moe_core.model.generation import Cache, feed, generate
from moe_core.precision.calibration import calibrated
from moe_core.precision.compare import kl_divergence
from moe_core.precision.plan import Plan, plan_bytes, planned
from moe_core.sampling import Sampling
from moe_core.tracing.own import LoadedModel
from moe_core.tracing.watch import Recorder

RUNTIME = f"onnxruntime {onnxruntime.__version__}"
BEGINNING, WRITTEN = 8, 32  # greedy text: from so many tokens of each text, so many more
MOST_GREEDY = 8             # texts that are continued


class Agreement(NamedTuple):
    """The same tokens through two runs."""

    kl: np.ndarray     # (T,) KL(one || other) in nats of what may follow each token
    flips: int         # (token, layer) pairs whose set of experts differs
    decisions: int     # all such pairs

    @property
    def tokens(self) -> int:
        return len(self.kl)


def run_torch(model: MoEscopeForCausalLM, token_ids: list[int]) -> Step:
    """END and a text through a model of torch."""
    token_ids, heard = [model.config.eos_token_id, *token_ids], Recorder()
    logits = feed(model, token_ids, Cache(model, len(token_ids)), heard)
    scores = torch.stack([routing.logits for routing in heard.routings])
    expert_ids = torch.stack([routing.expert_ids for routing in heard.routings])
    return Step(logits.numpy(), expert_ids.numpy(), scores.softmax(-1).numpy())


def run_exported(exported: OnnxModel, token_ids: list[int], piece: int | None = None) -> Step:
    """END and a text through a file, at once or so many tokens at a time."""
    token_ids = [exported.shape["end_id"], *token_ids]
    piece = piece or len(token_ids)
    exported.forget()
    steps = [exported.feed(token_ids[start:start + piece]) for start in range(0, len(token_ids), piece)]
    return Step(*(np.concatenate(parts, axis) for parts, axis in zip(zip(*steps, strict=True), (0, 1, 1), strict=True)))


def agreement(one: Step, other: Step) -> Agreement:
    """How far two runs over the same tokens are apart."""
    differ = (np.sort(one.expert_ids, -1) != np.sort(other.expert_ids, -1)).any(-1)             # (L, T)
    kl = kl_divergence(torch.from_numpy(one.logits), torch.from_numpy(other.logits)).numpy()
    return Agreement(kl, int(differ.sum()), differ.size)


def exported_row(loaded: LoadedModel, name: str, plan: Plan, texts: Sequence[list[int]]) -> dict:
    """Export a plan, run the file over these texts, and measure: one row of assets/traces/exports.json."""
    model = calibrated(loaded, plan).model
    twin = planned(model, plan)
    with TemporaryDirectory(prefix="moescope-") as folder:
        path = export_onnx(model, loaded.tokenizer, plan, Path(folder))
        size, exported = path.stat().st_size, OnnxModel(path)
    runs = [run_exported(exported, text) for text in texts]
    damage = [agreement(run_torch(loaded.model, text), run) for text, run in zip(texts, runs, strict=True)]
    parity = [agreement(run_torch(twin, text), run) for text, run in zip(texts, runs, strict=True)]
    formats = set(plan.values())
    return {"plan": name, "format": formats.pop() if len(formats) == 1 else "mixed", "runtime": RUNTIME,
            "bytes": size, "plan_bytes": plan_bytes(loaded.model, plan), **_told(damage, ""),
            **_told(parity, "simulator_"), **_greedy(twin, exported, texts[:MOST_GREEDY]),
            "milliseconds_per_token": _milliseconds(exported, texts)}


def _told(found: list[Agreement], against: str) -> dict:
    kl = np.concatenate([one.kl for one in found])
    flips, decisions = (sum(getattr(one, name) for one in found) for name in ("flips", "decisions"))
    return {f"{against}kl": float(kl.mean()), f"{against}kl_max": float(kl.max()),
            f"{against}flips": flips / decisions}


def _greedy(twin: MoEscopeForCausalLM, exported: OnnxModel, texts: Sequence[list[int]]) -> dict:
    """Of the tokens that the simulator writes, how many the file writes too, up to the first that differs."""
    same = written = 0
    for text in texts:
        begun = text[:BEGINNING]
        steps = generate(twin, begun, Sampling(max_new_tokens=WRITTEN))
        ours = [token for step in steps for token in step.token_ids][len(begun):]
        theirs, _ = exported.greedy(begun, WRITTEN)
        pairs = [a == b for a, b in zip(ours, theirs, strict=False)]
        same += pairs.index(False) if False in pairs else len(pairs)
        written += len(ours)
    return {"greedy_same": same, "greedy_tokens": written}


def _milliseconds(exported: OnnxModel, texts: Sequence[list[int]], most: int = 64) -> float:
    """Median processor time of one token behind others: a machine's other work does not count."""
    exported.forget()
    spent = []
    for token in [exported.shape["end_id"], *texts[0], *texts[-1]][:most]:
        began = time.thread_time()
        exported.feed([token])
        spent.append(1000 * (time.thread_time() - began))
    return float(np.median(spent))
