"""One request's way: choose the arm, admit, run, observe."""
