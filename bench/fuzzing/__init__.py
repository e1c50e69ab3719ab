"""Hostile input: valid requests of every door, made wrong, and a judge of the answers."""
