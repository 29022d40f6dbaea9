"""Small mixtures of experts, trained while one watches: the thousand-word experiment, a live model, strategies."""
