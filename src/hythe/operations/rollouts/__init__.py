"""Rollouts: begun, moved on evidence or by people, ended, and what they would do."""
