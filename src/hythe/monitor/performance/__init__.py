"""Performance: how right the answers were, or are likely to be."""
