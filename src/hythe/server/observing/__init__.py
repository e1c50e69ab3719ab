"""The sidecar's parts: records in, windows, joins and log lines out."""
