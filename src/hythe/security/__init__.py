"""Keys, scans and the audit chain: primitives without I/O of their own."""
