"""Sessions that answer, and the processes that hold them."""
