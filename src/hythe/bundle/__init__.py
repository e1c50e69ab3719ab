"""The formats of a version: bytes in, bytes out."""
