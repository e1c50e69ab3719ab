"""Versions to and from OCI registries (OCI distribution specification 1.1)."""
