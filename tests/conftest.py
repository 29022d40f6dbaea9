"""Settings every test shares; set here because torch and gradio read them once, when they are imported."""

import os

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
