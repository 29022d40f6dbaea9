"""The whole model: it reads forwards only, a cache changes nothing, and files lose no bit."""

import json

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from transformers import AutoModelForCausalLM

from moe_core.config import MoEscopeConfig
from moe_core.model.causal_lm import MoEscopeForCausalLM
from moe_core.tracing.watch import Recorder, watching


def logits_of(model, token_ids, **inputs):
    with torch.no_grad():
        return model(token_ids, **inputs).logits


def test_changing_a_later_token_never_changes_earlier_logits(model, token_ids):
    changed = token_ids.clone()
    changed[:, 6:] = 1 + changed[:, 6:] % 39
    before, after = logits_of(model, token_ids), logits_of(model, changed)
    torch.testing.assert_close(before[:, :6], after[:, :6], rtol=1e-5, atol=1e-5)
    assert (before[:, 6:] - after[:, 6:]).abs().amax(-1).min() > 1e-3


@pytest.mark.parametrize("step", [1, 3])
def test_with_a_cache_the_logits_are_the_same(model, token_ids, step):
    cache, pieces = None, []
    for part in token_ids.split(step, 1):
        with torch.no_grad():
            output = model(part, past_key_values=cache, use_cache=True)
        cache = output.past_key_values
        pieces.append(output.logits)
    torch.testing.assert_close(torch.cat(pieces, 1), logits_of(model, token_ids), rtol=1e-4, atol=1e-5)


def test_padding_on_the_left_changes_nothing(model, token_ids):
    padded = F.pad(token_ids, (4, 0))
    mask = (padded != 0).long()
    positions = (mask.cumsum(1) - 1).clamp(min=0)
    got = logits_of(model, padded, attention_mask=mask, position_ids=positions)[:, 4:]
    torch.testing.assert_close(got, logits_of(model, token_ids), rtol=1e-4, atol=1e-5)


def test_generate_gives_a_padded_batch_what_it_gives_each_text_alone(model):
    texts = [[5, 6, 7, 8, 9, 10], [11, 12], [13, 14, 15, 16]]
    dials = {"max_new_tokens": 6, "do_sample": False, "eos_token_id": None}
    batch = torch.tensor([[0] * (6 - len(text)) + text for text in texts])
    together = model.generate(batch, attention_mask=(batch != 0).long(), **dials)[:, 6:]
    for row, text in zip(together, texts, strict=True):
        prompt = torch.tensor([text])
        alone = model.generate(prompt, attention_mask=torch.ones_like(prompt), **dials)[0, len(text):]
        assert row.tolist() == alone.tolist()


@given(length=st.integers(2, 12), batch=st.integers(1, 3), experts=st.integers(1, 4), heads=st.sampled_from([1, 2, 4]),
       data=st.data())
@settings(max_examples=15)
def test_any_small_shape_works(length, batch, experts, heads, data):
    config = MoEscopeConfig(
        vocab_size=20, hidden_size=8, num_hidden_layers=data.draw(st.integers(1, 3)), num_attention_heads=heads,
        num_experts=experts, num_experts_per_tok=data.draw(st.integers(1, experts)), moe_intermediate_size=3,
        shared_intermediate_size=data.draw(st.sampled_from([0, 5])), max_position_embeddings=12)
    model = MoEscopeForCausalLM(config).eval()
    output = model(torch.randint(20, (batch, length)), labels=torch.randint(20, (batch, length)))
    assert output.logits.shape == (batch, length, 20)
    assert output.loss.isfinite()


def test_the_loss_is_next_token_loss_plus_what_the_routers_add(model, token_ids):
    output = model(token_ids, labels=token_ids)
    next_token = F.cross_entropy(output.logits[:, :-1].flatten(0, 1), token_ids[:, 1:].flatten())
    training = model.forward_for_training(token_ids)
    torch.testing.assert_close(output.loss, next_token + model.router_loss(training.routings))
    assert output.aux_loss > 0


def test_the_training_pass_is_the_plain_pass(model, token_ids):
    training = model.forward_for_training(token_ids)
    assert len(training.routings) == 2
    torch.testing.assert_close(model.lm_head(training.hidden), model(token_ids).logits, rtol=1e-4, atol=1e-5)


def test_every_parameter_learns(model, token_ids):
    model.train()(token_ids, labels=token_ids).loss.backward()
    assert [name for name, parameter in model.named_parameters() if not parameter.grad.any()] == []


def test_a_few_steps_learn_a_text_by_heart(build, token_ids):
    model = build(spread=0.0, initializer_range=0.1).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.02)
    losses = []
    for _ in range(40):
        loss = model(token_ids, labels=token_ids).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]


def test_gradient_checkpointing_gives_the_same_gradients(model, token_ids):
    def gradients():
        model.zero_grad()
        model(token_ids, labels=token_ids).loss.backward()
        return {name: parameter.grad.clone() for name, parameter in model.named_parameters()}

    model.train()
    plain = gradients()
    model.gradient_checkpointing_enable()
    for name, gradient in gradients().items():
        torch.testing.assert_close(gradient, plain[name], rtol=1e-4, atol=1e-6, msg=name)


def test_router_logits_are_recorded_the_transformers_way(model, token_ids):
    heard = Recorder()
    with torch.no_grad(), watching(heard):
        output = model(token_ids, output_router_logits=True)
    assert len(output.router_logits) == 2
    assert all(torch.equal(a, b.logits) for a, b in zip(output.router_logits, heard.routings, strict=True))


def test_saved_and_loaded_it_is_the_same_to_the_bit(model, token_ids, tmp_path):
    model.save_pretrained(tmp_path, max_shard_size="10KB")
    index = json.loads((tmp_path / "model.safetensors.index.json").read_text())
    assert len(set(index["weight_map"].values())) > 1
    assert "lm_head.weight" not in index["weight_map"]  # tied: stored once
    for reader in (MoEscopeForCausalLM, AutoModelForCausalLM):
        again = reader.from_pretrained(tmp_path)
        assert type(again) is MoEscopeForCausalLM
        assert torch.equal(logits_of(again, token_ids), logits_of(model, token_ids))
        assert again.lm_head.weight is again.model.embed_tokens.weight
        assert again.config.to_diff_dict() == model.config.to_diff_dict()


def test_the_default_model_fits_into_files_under_9_mb(tmp_path):
    MoEscopeForCausalLM(MoEscopeConfig()).save_pretrained(tmp_path, max_shard_size="8MB")
    sizes = [file.stat().st_size for file in tmp_path.glob("*.safetensors")]
    assert len(sizes) > 1
    assert max(sizes) < 9_000_000


def test_it_opens_in_half_precision_when_asked(model, token_ids, tmp_path):
    model.save_pretrained(tmp_path)
    half = MoEscopeForCausalLM.from_pretrained(tmp_path, dtype=torch.bfloat16)
    assert {parameter.dtype for parameter in half.parameters()} == {torch.bfloat16}
    assert logits_of(half, token_ids).isfinite().all()


def test_no_stored_tensor_is_a_rotary_table(model, tmp_path):
    model.save_pretrained(tmp_path)
    with safe_open(tmp_path / "model.safetensors", "pt") as file:
        names = set(file.keys())
    assert "model.embed_tokens.weight" in names
    assert not [name for name in names if "sine" in name]


@pytest.mark.parametrize(("dials", "message"), [
    ({"hidden_size": 18, "num_attention_heads": 4}, "hidden_size must be a multiple of 2 x 4 heads, got 18"),
    ({"num_experts": 3, "num_experts_per_tok": 4}, r"num_experts_per_tok must lie in 1..3, got 4"),
    ({"num_experts_per_tok": 0}, r"num_experts_per_tok must lie in 1..10, got 0"),
])
def test_a_dial_out_of_range_is_refused_with_the_range(dials, message):
    with pytest.raises(ValueError, match=message):
        MoEscopeConfig(**dials)
