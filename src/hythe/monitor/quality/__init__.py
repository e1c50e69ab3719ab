"""Data quality: values that should not be there, and those that should."""
