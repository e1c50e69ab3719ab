"""The environment of a bundle's lock: when it is needed, how it is built, and when it goes."""
