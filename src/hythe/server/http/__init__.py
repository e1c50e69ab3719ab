"""The HTTP door: decode, call the data plane, encode."""
