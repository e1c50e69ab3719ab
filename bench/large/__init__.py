"""What is needed to measure whole processes on large files."""
