"""How good a model is on text it never trained on, beside twins, n-grams and xz: python -m moe_core evaluate."""
