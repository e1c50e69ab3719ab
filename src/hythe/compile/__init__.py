"""From a native model to variants that are proven to do what it does."""
