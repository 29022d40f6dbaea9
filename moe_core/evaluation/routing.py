"""What held-out text shows about the routers: load, MaxVio, entropy, and what an expert tells about its token.

It takes numbers read elsewhere (losses.Read) and hands tables to moe_core.statistics.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from moe_core.corpus.mixture import Document
from moe_core.evaluation.losses import Read
from moe_core.statistics.specialisation import mutual_information_table
from moe_core.text.tags import token_tags
from moe_core.tokenizer import Tokenizer
from moe_core.tracing.corpus import RoutedCorpus

LABELS = ("language", "domain", "part_of_speech")
TAGGED_TOKENS = 12_000  # tokens whose labels are compared with their experts


def load(read: Read, experts: int) -> dict:
    """Shares of the routed slots by layer, over all tokens: the smallest, MaxVio, entropy in nats."""
    chosen = np.concatenate(read.expert_ids, axis=1)                                    # (L, N, K)
    shares = np.stack([np.bincount(layer.ravel(), minlength=experts) for layer in chosen]) / chosen[0].size
    violations = shares.max(1) * experts - 1
    entropy = -(shares * np.log(np.where(shares > 0, shares, 1))).sum(1)
    layers = [{"layer": number, "min_share": float(share.min()), "max_violation": float(violation),
               "entropy": float(spread), "shares": share.round(5).tolist()}
              for number, (share, violation, spread) in enumerate(zip(shares, violations, entropy, strict=True))]
    return {"min_share": float(shares.min()), "max_violation": float(violations.max()),
            "entropy": float(entropy.mean()), "even_entropy": float(np.log(experts)), "even_share": 1 / experts,
            "tokens": chosen.shape[1], "layers": layers}


def mutual_information(read: Read, documents: Sequence[Document], tokenizer: Tokenizer, experts: int,
                       shuffles: int, seed: int = 0) -> dict:
    """Bits that the first choice of expert tells about each label, averaged over layers, beside shuffled labels."""
    routing = _routing(read, documents, tokenizer, experts, seed)
    found = {}
    for label in LABELS:
        table = mutual_information_table(routing, label, seed, shuffles)
        found[label] = {
            "bits": float(table["bits"].mean()), "chance": float(table["chance"].mean()),
            "high": float(table["high"].mean()), "p": float(table["p"].max()), "shuffles": shuffles,
            "label_bits": float(table["label_bits"].iloc[0]), "tokens": int(table["tokens"].iloc[0]),
            "shuffled": str(table["shuffled"].iloc[0]), "layers": table["bits"].round(5).tolist()}
    return found


def _routing(read: Read, documents: Sequence[Document], tokenizer: Tokenizer, experts: int, seed: int) -> pd.DataFrame:
    """The routing table of documents drawn at random, with their labels."""
    tables, chosen, size = [], [], 0
    for one in np.random.default_rng(seed).permutation(len(documents)):
        if size >= TAGGED_TOKENS:
            break
        pieces = tokenizer.pieces(read.token_ids[one])
        tables.append(token_tags(pieces).assign(
            text=len(tables), token_id=read.token_ids[one], token=[piece.label for piece in pieces],
            domain=documents[one].domain).iloc[:-1])  # nobody asked what follows the last token
        chosen.append(read.expert_ids[one])
        size += len(pieces)
    expert_ids = np.concatenate(chosen, axis=1).astype(np.int64)
    corpus = RoutedCorpus("", "", experts, tuple(range(len(expert_ids))), pd.concat(tables, ignore_index=True),
                          expert_ids, np.zeros(expert_ids.shape, np.float32))
    return corpus.routing()
