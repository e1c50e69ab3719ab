"""Wiring: configuration to objects."""
