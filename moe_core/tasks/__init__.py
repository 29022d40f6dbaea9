"""The small jobs the model has seen in training, how each is put to it, and how well it does them."""
