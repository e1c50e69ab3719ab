"""What is counted of every answer, and what follows from the counts."""
