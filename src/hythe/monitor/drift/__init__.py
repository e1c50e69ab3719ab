"""Drift: whether what comes is what the model was made for."""
