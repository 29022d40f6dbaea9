"""Run an exported ONNX file with onnxruntime on this machine's processor.

Knows nothing of formats or of how the file was made; token ids in, logits and routing out.
"""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnxruntime


class Step(NamedTuple):
    """What the model made of the T tokens it was just fed."""

    logits: np.ndarray         # (T, V)
    expert_ids: np.ndarray     # (L, T, K) best first
    probabilities: np.ndarray  # (L, T, E)


class OnnxModel:
    """One session and the cache of one text."""

    def __init__(self, file: str | Path | bytes, threads: int = 1):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = threads
        options.log_severity_level = 3
        source = file if isinstance(file, bytes) else str(file)
        self.session = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
        self.shape = json.loads(self.session.get_modelmeta().custom_metadata_map["moescope"])
        self.forget()

    def forget(self) -> None:
        """Begin a new text."""
        self.past = np.zeros((self.shape["layers"], 2, self.shape["heads"], 0, self.shape["head_width"]), np.float32)

    def feed(self, token_ids: list[int]) -> Step:
        """These tokens behind all that were fed since `forget`."""
        held, room = self.past.shape[3], self.shape["positions"]
        if not 1 <= len(token_ids) <= room - held:
            raise ValueError(f"{held} tokens are held: between 1 and {room - held} more fit, got {len(token_ids)}")
        logits, self.past, expert_ids, probabilities = self.session.run(
            ["logits", "present", "expert_ids", "router_probabilities"],
            {"token_ids": np.array(token_ids, np.int64), "past": self.past})
        return Step(logits, expert_ids, probabilities)

    def greedy(self, prompt_ids: list[int], new_tokens: int) -> tuple[list[int], np.ndarray]:
        """The best token again and again, until END: new ids, and expert ids (L, T, K) of prompt and new tokens."""
        self.forget()
        step = self.feed([self.shape["end_id"], *prompt_ids])
        routes, written = [step.expert_ids[:, 1:]], []
        while len(written) < new_tokens and (best := int(step.logits[-1].argmax())) != self.shape["end_id"]:
            written.append(best)
            step = self.feed([best])
            routes.append(step.expert_ids)
        return written, np.concatenate(routes, 1)
