"""Simulated rollouts: what they look like, what judges them, and how much data that takes."""
