"""Counts, bins, tests and evidence: pure numpy and scipy."""
