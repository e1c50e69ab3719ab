"""Alerts: when they fire, stand and resolve."""
