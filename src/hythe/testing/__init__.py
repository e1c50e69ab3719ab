"""Fakes, tiny models and contract checks that users may import too."""
