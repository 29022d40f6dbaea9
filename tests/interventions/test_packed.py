"""Many texts walked as one list of rows are what the model makes of each text alone."""

import pytest
import torch
import torch.nn.functional as F

from moe_core.interventions.packed import Packed, losses_after, walk
from moe_core.model.generation import Cache, feed


def alone(model, text: list[int]) -> torch.Tensor:
    """The loss of every token of one text, by the model's own way through it."""
    logits = feed(model, [0, *text[:-1]], Cache(model, len(text)))
    return F.cross_entropy(logits, torch.tensor(text), reduction="none")


@torch.inference_mode()
def test_every_texts_losses_are_those_of_the_text_alone(model, texts):
    packed = Packed(texts, model)
    expected = torch.cat([alone(model, text) for text in texts])
    torch.testing.assert_close(walk(model, packed).losses, expected, rtol=1e-4, atol=1e-5)


@torch.inference_mode()
def test_rows_routed_as_before_change_no_loss(model, texts):
    packed = Packed(texts, model)
    usual = walk(model, packed)
    for layer, routing in enumerate(usual.routings):
        again = losses_after(model, packed, usual, layer, torch.arange(len(packed)), routing)
        torch.testing.assert_close(again, usual.losses, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("texts", "reason"), [([], "at least 1 text is needed, got 0"),
                                               ([[1], []], r"1\.\.31 tokens, got 0"),
                                               ([[1] * 32], r"1\.\.31 tokens, got 32"),
                                               ([[1, 20]], r"token ids must lie in 0\.\.19, got 1\.\.20")])
def test_texts_a_model_cannot_read_are_refused(model, texts, reason):
    with pytest.raises(ValueError, match=reason):
        Packed(texts, model)
