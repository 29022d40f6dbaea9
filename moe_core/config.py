"""Every dial of the model and what values it takes; a dial of training lives with training.

Knows nothing of tensors.
"""

from huggingface_hub.dataclasses import strict
from transformers.configuration_utils import PreTrainedConfig


@strict
class MoEscopeConfig(PreTrainedConfig):
    """The shape of one model; saved as config.json beside its parameters.

    Names follow transformers (GraniteMoeShared), whose stock class computes the same function.
    """

    model_type = "moescope"
    keys_to_ignore_at_inference = ["past_key_values"]

    vocab_size: int = 6144
    hidden_size: int = 128                 # D
    num_hidden_layers: int = 6             # L
    num_attention_heads: int = 4           # H
    num_experts: int = 10                  # E; 0 = a dense model, its feed-forward layer is the shared expert alone
    num_experts_per_tok: int = 2           # K
    moe_intermediate_size: int = 128       # F of a routed expert
    shared_intermediate_size: int = 128    # F of the shared expert; 0 = none
    max_position_embeddings: int = 512
    rms_norm_eps: float = 1e-6
    rope_parameters: dict | None = None    # None = {"rope_type": "default", "rope_theta": 10000.0}
    initializer_range: float = 0.02
    router_aux_loss_coef: float = 0.01     # balance loss, per layer (Switch Transformers 2021, eq. 4)
    router_z_loss_coef: float = 0.001      # router z-loss (ST-MoE 2022, eq. 5)
    output_router_logits: bool = False
    use_cache: bool = True
    tie_word_embeddings: bool = True
    pad_token_id: int | None = 0
    bos_token_id: int | None = 0
    eos_token_id: int | list[int] | None = 0

    def __post_init__(self, **kwargs):
        super().__post_init__(**kwargs)
        if self.hidden_size % (2 * self.num_attention_heads):
            raise ValueError(
                f"hidden_size must be a multiple of 2 x {self.num_attention_heads} heads, got {self.hidden_size}"
            )
        if self.num_experts and not 1 <= self.num_experts_per_tok <= self.num_experts:
            raise ValueError(f"num_experts_per_tok must lie in 1..{self.num_experts}, got {self.num_experts_per_tok}")
        if not self.num_experts and not self.shared_intermediate_size:
            raise ValueError("a model without routed experts needs shared_intermediate_size above 0, got 0")

    @property
    def num_local_experts(self) -> int:
        """The name that Mixtral and Granite give to the number of experts."""
        return self.num_experts
