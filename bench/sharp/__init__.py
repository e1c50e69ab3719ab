"""Parts of `bench/drift_power.py`: real data, changes that are made to them, and who has to find these."""
