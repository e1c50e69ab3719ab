"""What is counted of requests: exact counts that merge over processes and time."""
