"""Which Hythe this is."""

from __future__ import annotations

VERSION = "0.1.0"
"""The package's version, which packed versions remember as a fact."""
