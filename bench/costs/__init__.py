"""What a rollout costs, a part a file."""
