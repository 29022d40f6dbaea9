"""The language model: a transformers PreTrainedModel that can generate, save and load.

Knows nothing of text; token ids in, logits out.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForCausalLM, GenerationMixin, initialization
from transformers.cache_utils import DynamicCache
from transformers.masking_utils import create_causal_mask
from transformers.modeling_layers import GradientCheckpointingLayer
from transformers.modeling_outputs import MoeCausalLMOutputWithPast, MoeModelOutputWithPast
from transformers.modeling_utils import PreTrainedModel, slice_logits_to_keep
from transformers.utils.generic import can_return_tuple, merge_with_config_defaults
from transformers.utils.output_capturing import OutputRecorder, capture_outputs

from moe_core.config import MoEscopeConfig
from moe_core.model.attention import CausalSelfAttention, Rotation, rotary_table
from moe_core.model.experts import Experts, SharedExpert
from moe_core.model.losses import router_loss
from moe_core.model.moe_layer import MoELayer
from moe_core.model.norm import RMSNorm
from moe_core.model.router import Routing, TopKRouter
from moe_core.tracing.watch import Recorder, let_watch, watching


class DecoderLayer(GradientCheckpointingLayer):
    """Attention, then experts, each on a normalised copy and added back to the stream."""

    def __init__(self, config: MoEscopeConfig, layer: int):
        super().__init__()
        width, epsilon = config.hidden_size, config.rms_norm_eps
        self.attention_norm = RMSNorm(width, epsilon)
        self.attention = CausalSelfAttention(width, config.num_attention_heads, layer)
        self.moe_norm = RMSNorm(width, epsilon)
        self.moe = _feed_forward(config)

    def forward(self, hidden: Tensor, rotation: Rotation, mask: Tensor | None = None, cache=None) -> Tensor:
        hidden = hidden + self.attention(self.attention_norm(hidden), rotation, mask, cache)
        return hidden + self.moe(self.moe_norm(hidden))


def _feed_forward(config: MoEscopeConfig) -> nn.Module:
    """A mixture of experts; in a dense twin the shared expert alone."""
    if not config.num_experts:
        return SharedExpert(config.hidden_size, config.shared_intermediate_size)
    return MoELayer(config.hidden_size, config.num_experts, config.num_experts_per_tok,
                    config.moe_intermediate_size, config.shared_intermediate_size)


class MoEscopePreTrainedModel(PreTrainedModel):
    """What transformers asks of a family of models."""

    config: MoEscopeConfig
    base_model_prefix = "model"
    supports_gradient_checkpointing = True
    _no_split_modules = ["DecoderLayer"]
    _skip_keys_device_placement = ["past_key_values"]
    _supports_sdpa = True
    _can_record_outputs = {"router_logits": OutputRecorder(TopKRouter, index=0), "hidden_states": DecoderLayer}

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        super()._init_weights(module)
        if isinstance(module, Experts | SharedExpert):
            # The two matrices that write into the stream start smaller, by the number of writers (GPT-2, section 2.3).
            deep = self.config.initializer_range / (2 * self.config.num_hidden_layers) ** 0.5
            initialization.normal_(module.gate_up, std=self.config.initializer_range)
            initialization.normal_(module.down, std=deep)
        if isinstance(module, MoEscopeModel):
            for name, table in zip(("cosine", "sine"), module.rotary_tables(), strict=True):
                initialization.copy_(getattr(module, name), table)


class MoEscopeModel(MoEscopePreTrainedModel):
    """Embedding, L decoder layers, final norm."""

    def __init__(self, config: MoEscopeConfig):
        super().__init__(config)
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(DecoderLayer(config, layer) for layer in range(config.num_hidden_layers))
        self.norm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        cosine, sine = self.rotary_tables()
        self.register_buffer("cosine", cosine, persistent=False)  # (positions, head_width)
        self.register_buffer("sine", sine, persistent=False)
        let_watch(self)
        self.post_init()

    def rotary_tables(self) -> Rotation:
        """Cosine and sine for every position the model can hold."""
        head_width = self.config.hidden_size // self.config.num_attention_heads
        theta = (self.config.rope_parameters or {}).get("rope_theta", 10000.0)
        return rotary_table(head_width, self.config.max_position_embeddings, theta)

    def through_layers(self, hidden: Tensor, rotation: Rotation, mask=None, cache=None) -> Tensor:
        """The plain walk: (B, T, D) -> (B, T, D), normalised; no bookkeeping of transformers."""
        for layer in self.layers:
            hidden = layer(hidden, rotation, mask, cache)
        return self.norm(hidden)

    def rotation_at(self, start: int, length: int) -> Rotation:
        """Rotary angles of positions start .. start + length - 1."""
        return self.cosine[start:start + length], self.sine[start:start + length]

    @merge_with_config_defaults
    @capture_outputs
    def forward(self, input_ids=None, attention_mask=None, position_ids=None, past_key_values=None,
                inputs_embeds=None, use_cache=None, **kwargs) -> MoeModelOutputWithPast:
        hidden = self.embed_tokens(input_ids) if inputs_embeds is None else inputs_embeds  # (B, T) -> (B, T, D)
        if self.training and self.layers[0].gradient_checkpointing:  # a layer that runs twice would fill a cache twice
            use_cache = past_key_values = None
        if use_cache and past_key_values is None:
            past_key_values = DynamicCache(config=self.config)
        if position_ids is None:
            seen = past_key_values.get_seq_length() if past_key_values is not None else 0
            position_ids = torch.arange(seen, seen + hidden.shape[1], device=hidden.device).unsqueeze(0)
        mask = create_causal_mask(config=self.config, inputs_embeds=hidden, attention_mask=attention_mask,
                                  past_key_values=past_key_values, position_ids=position_ids)
        rotation = self.cosine[position_ids].unsqueeze(1), self.sine[position_ids].unsqueeze(1)  # (B, 1, T, head_width)
        hidden = self.through_layers(hidden, rotation, mask, past_key_values)
        return MoeModelOutputWithPast(last_hidden_state=hidden, past_key_values=past_key_values)


class Training(NamedTuple):
    """What the training loop needs of one forward pass."""

    hidden: Tensor            # (B, T, D) after the last norm
    routings: list[Routing]   # one per layer, N = B·T


class MoEscopeForCausalLM(MoEscopePreTrainedModel, GenerationMixin):
    """The model with its head, tied to the embedding unless the config says otherwise."""

    _tied_weights_keys = {"lm_head.weight": "model.embed_tokens.weight"}

    def __init__(self, config: MoEscopeConfig):
        super().__init__(config)
        self.model = MoEscopeModel(config)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        self.post_init()

    def forward_for_training(self, input_ids: Tensor) -> Training:
        """Hidden states and every layer's routing, so that the loss can be taken in slices: (B, T) -> (B, T, D)."""
        recorder = Recorder()
        with watching(recorder):
            rotation = self.model.rotation_at(0, input_ids.shape[1])
            hidden = self.model.through_layers(self.model.embed_tokens(input_ids), rotation)
        return Training(hidden, recorder.routings)

    def router_loss(self, routings: list[Routing], shares: list[Tensor] | None = None) -> Tensor:
        """What training adds to the next-token loss so that the routers stay balanced and small."""
        return router_loss(routings, self.config.router_aux_loss_coef, self.config.router_z_loss_coef, shares)

    @can_return_tuple
    def forward(self, input_ids=None, attention_mask=None, position_ids=None, past_key_values=None, inputs_embeds=None,
                labels=None, use_cache=None, logits_to_keep: int | Tensor = 0, **kwargs) -> MoeCausalLMOutputWithPast:
        recorder = Recorder()
        with watching(recorder):
            outputs = self.model(input_ids=input_ids, attention_mask=attention_mask, position_ids=position_ids,
                                 past_key_values=past_key_values, inputs_embeds=inputs_embeds, use_cache=use_cache,
                                 **kwargs)
        logits = self.lm_head(slice_logits_to_keep(outputs.last_hidden_state, logits_to_keep))  # (B, T, D) -> (B, T, V)
        loss = aux_loss = None
        if labels is not None:
            aux_loss = self.router_loss(recorder.routings)
            loss = self.loss_function(logits, labels, self.config.vocab_size, **kwargs) + aux_loss
        return MoeCausalLMOutputWithPast(loss=loss, aux_loss=aux_loss, logits=logits,
                                         past_key_values=outputs.past_key_values, hidden_states=outputs.hidden_states,
                                         attentions=outputs.attentions, router_logits=outputs.router_logits)


AutoConfig.register("moescope", MoEscopeConfig)
AutoModelForCausalLM.register(MoEscopeConfig, MoEscopeForCausalLM)
