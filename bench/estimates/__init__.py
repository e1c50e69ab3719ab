"""Estimated against realised performance: the sets, our estimates, and NannyML's."""
