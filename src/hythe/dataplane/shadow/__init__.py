"""Versions that get copies of requests after the callers have their answers, and how theirs differ."""
