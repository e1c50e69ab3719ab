"""What an endpoint does with traffic: decisions as functions of values."""
