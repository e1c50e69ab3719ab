"""Feedback on predictions: read from tables, stored, joined with what was answered."""
