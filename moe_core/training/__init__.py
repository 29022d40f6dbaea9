"""From a corpus to a trained model: documents, batches, loop, checkpoint, log; python -m moe_core.training."""
