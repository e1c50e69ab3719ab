"""Errors, time, ids, progress: what every other room may lean on."""
