"""Shorter numbers: formats, the model in them, and what changes."""
