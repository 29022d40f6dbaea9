"""Settings every test shares; set here because torch and gradio read them once, when they are imported."""

import json
import os
from argparse import Namespace
from dataclasses import replace

import pytest
from hypothesis import settings

for name, value in {
    "OMP_NUM_THREADS": "2",               # the models of the tests are tiny; more threads only wait for each other
    "OMP_WAIT_POLICY": "PASSIVE",         # and do not spin: a busy neighbour would turn 43 ms into 4 s
    "GOMP_SPINCOUNT": "0",
    "GRADIO_ANALYTICS_ENABLED": "False",  # no test asks anyone outside
    "GRADIO_ANALYTICS_CACHE_FREQUENCY": "1000",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}.items():
    os.environ.setdefault(name, value)

settings.register_profile("moescope", deadline=None, derandomize=bool(os.environ.get("CI")), max_examples=50)
settings.load_profile("moescope")

READ = [("story_en", "en", "the cat likes the dog. "), ("story_en", "en", "the dog likes the cat. "),
         ("story_zh", "zh", "猫喜欢狗。"), ("story_zh", "zh", "狗喜欢学习AI。")]


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A run of the preset `tiny`, 8 steps long with 3 snapshots: its folder, with its corpus beside it."""
    from moe_core.training import presets
    from moe_core.training.__main__ import train

    folder = tmp_path_factory.mktemp("finished")
    corpus = folder / "corpus.jsonl"
    corpus.write_text("".join(json.dumps({"domain": domain, "lang": lang, "text": text * 30}, ensure_ascii=False) + "\n"
                              for domain, lang, text in READ * 4), encoding="utf-8")
    known = presets.PRESETS["tiny"]
    model = known.model | {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "num_experts": 4,
                           "moe_intermediate_size": 16, "shared_intermediate_size": 16}
    presets.PRESETS["tiny"] = replace(known, steps=8, minutes=None, model=model, batch_size=4, length=16, log_every=2,
                                      validate_every=4, validation_batches=1, snapshots=2, warmup_steps=2)
    try:
        train(Namespace(corpus=corpus, heldout=corpus, preset="tiny", out=folder / "run", resume=False, seed=None,
                        minutes=None, tokenizer=None, kept_as="fp32", precision="fp32"))
    finally:
        presets.PRESETS["tiny"] = known
    return folder
