"""Drift of data in files."""
