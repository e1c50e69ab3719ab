"""Doors for requests."""
