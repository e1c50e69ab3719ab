"""What is kept of predictions until their true outcomes come, and how the two meet."""
