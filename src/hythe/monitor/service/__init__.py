"""How an endpoint's version served: traffic, errors, latency, each beside its limit or its own past."""
