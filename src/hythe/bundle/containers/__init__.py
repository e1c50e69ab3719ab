"""The kinds of object that models are called with: one file each, to read it and to rebuild it."""
