"""How each framework saves, loads and predicts: one file each."""
