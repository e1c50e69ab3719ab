"""Exact lowerings from fitted structures to ONNX: one file for each family of models."""
