"""Endpoints and their plans as documents: made, applied, shown, removed, and what served when."""
