"""What a serving process tells of requests, and how that is read."""
