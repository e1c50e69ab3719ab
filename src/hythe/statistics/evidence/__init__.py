"""Evidence that stays valid however often one looks at it: one method a file, each with its source."""
