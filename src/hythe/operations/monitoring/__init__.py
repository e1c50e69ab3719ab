"""Monitoring: windows and baselines of the catalog become reports."""
