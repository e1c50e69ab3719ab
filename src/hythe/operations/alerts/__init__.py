"""Alerts: their deliveries, and what people do with them."""
