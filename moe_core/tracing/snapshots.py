"""How the routing settled while the model learnt: the same texts through every snapshot, beside the finished model.

It keeps small tables, not the routing itself; settling.py makes a file of them.
"""

import re
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
from safetensors.torch import load_file

from moe_core.statistics.balance import balance_table
from moe_core.statistics.load import load_table
from moe_core.statistics.saturation import saturation_table
from moe_core.statistics.specialisation import mutual_information_table, specialisation_table
from moe_core.tracing.corpus import CorpusError, RoutedCorpus, corpus_of
from moe_core.tracing.own import LoadedModel, load_model, trace_text
from moe_core.tracing.settling import MAY_BE_EMPTY, NEEDED, Settling

NAME = re.compile(r"snapshot-(\d+)\.safetensors")


def files_in(places: Iterable[Path]) -> dict[int, Path]:
    """The snapshots by step: files, or all in these folders."""
    files = [file for place in places for file in (sorted(place.glob("snapshot-*.safetensors")) if place.is_dir()
                                                   else [place])]
    found = {int(NAME.fullmatch(file.name)[1]): file for file in files if NAME.fullmatch(file.name)}
    if len(found) < len(files) or not found:
        raise ValueError(f"snapshots must be files named snapshot-STEP.safetensors, each step once, got "
                         f"{', '.join(file.name for file in files) or 'none'}")
    return dict(sorted(found.items()))


def settling(folder: Path, snapshots: dict[int, Path], texts: list[str]) -> Settling:
    """Trace the texts with the finished model, then with each snapshot's parameters in its place."""
    loaded = load_model(folder)
    room = loaded.model.config.max_position_embeddings - 1
    texts = [text for text in texts if len(loaded.tokenizer.encode(text)) <= room]
    final, routed = _routed(loaded, texts), {}
    for step, file in snapshots.items():
        _put(loaded, file)
        routed[step] = _routed(loaded, texts)
    counted = [_counted(corpus, step) for step, corpus in routed.items()]
    settings = {"model": loaded.name, "model_hash": loaded.hash, "steps": list(routed), "texts": len(texts),
                "tokens": len(final.tokens), "experts": final.experts, "k": final.expert_ids.shape[2]}
    chosen = {step: corpus.expert_ids for step, corpus in routed.items()}
    texts_of_tokens = final.tokens["text"].to_numpy()
    saturation = saturation_table(chosen, final.expert_ids, texts_of_tokens, final.layers, final.experts)
    tables = {name: pd.concat([table[name] for table in counted], ignore_index=True) for name in counted[0]}
    return Settling(saturation=saturation, **tables, settings=settings)


def _counted(corpus: RoutedCorpus, step: int) -> dict[str, pd.DataFrame]:
    """Balance, load, and what the experts tell of the language, at one step; texts in one language tell nothing."""
    routing = corpus.routing()
    found = {"balance": balance_table(routing), "load": load_table(routing)}
    if routing["language"].nunique() > 1:
        found |= {"languages": specialisation_table(routing, "language"),
                  "information": mutual_information_table(routing, "language")}
    else:
        found |= {name: pd.DataFrame(columns=sorted(NEEDED[name])) for name in MAY_BE_EMPTY}
    return {name: table.assign(step=step) for name, table in found.items()}


def _routed(loaded: LoadedModel, texts: list[str]) -> RoutedCorpus:
    return corpus_of(trace_text(loaded, text) for text in texts)


def _put(loaded: LoadedModel, file: Path) -> None:
    """The snapshot's parameters into the model; tied ones may be missing from the file."""
    try:
        missing, unknown = loaded.model.load_state_dict(load_file(file), strict=False)
    except Exception as error:  # safetensors and torch raise many kinds for a broken or foreign file
        raise CorpusError(f"{file} is no snapshot of this model ({str(error).splitlines()[0]})") from error
    tied = {name for name, _ in loaded.model.named_parameters(remove_duplicate=False)} - {
        name for name, _ in loaded.model.named_parameters()}
    if unknown or set(missing) - tied - {"lm_head.weight"}:
        raise CorpusError(f"{file} is no snapshot of this model (missing {missing[:3]}, unknown {unknown[:3]})")
