"""The language model, tensors only: router, experts, combine, moe_layer, attention, then causal_lm around them."""
