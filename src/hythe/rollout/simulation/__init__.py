"""What a policy would do with a candidate, played many times over."""
