"""How each kind of metric is judged: evidence, estimates, and how much more data it takes."""
