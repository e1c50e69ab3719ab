"""Load on servers: starting and stopping them, sending requests, reading what they cost."""
