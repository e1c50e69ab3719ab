"""Hythe: where models land."""
