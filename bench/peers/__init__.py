"""Hythe and what it is measured against: how each server is installed, started and asked."""
