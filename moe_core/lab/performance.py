"""What each expert is worth by itself: its loss when every token of a layer meets it alone.

Used twice: to teach a router by hindsight, and to weigh experts by their validation loss.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from moe_core.lab.language import LabModel, forcing, predictions
from moe_core.lab.layer import LabLayer


@torch.no_grad()
def losses_alone(model: LabModel, layer: LabLayer, windows: Tensor) -> Tensor:
    """Next-token loss of every token under every expert: windows (B, T + 1) -> (B·T, E), nats."""
    known, targets = windows[:, :-1], windows[:, 1:].flatten()
    columns = []
    for expert in range(layer.selection.experts):
        with forcing(layer, expert):
            columns.append(F.nll_loss(predictions(model, known).flatten(0, 1), targets, reduction="none"))
    return torch.stack(columns, 1)


def hindsight(model: LabModel, layer: LabLayer, windows: Tensor, logits: Tensor) -> Tensor:
    """Cross-entropy of the router's scores (B·T, E) against the experts that would have been best."""
    kept, dropped = layer.choice, layer.dropped
    best = losses_alone(model, layer, windows).argmin(1)
    layer.choice, layer.dropped = kept, dropped
    return F.cross_entropy(logits.float(), best)


def weigh(model: LabModel, windows: Tensor) -> None:
    """Renew the validation losses by which fusion by performance weighs the experts of every layer."""
    for layer in model.expert_layers:
        layer.expert_losses = losses_alone(model, layer, windows).mean(0)
