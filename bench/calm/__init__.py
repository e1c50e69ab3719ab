"""Endpoints on which nothing drifts: their rows, their counts, their seasons, and how often rules alarm."""
