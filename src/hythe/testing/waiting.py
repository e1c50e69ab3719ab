"""Waiting for what other processes do: look again and again, and leave them the processor meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE_S = 120.0
"""How long before something that does not come about is a fault, on a machine with much else to do."""
PAUSE_S = 0.01
"""How long to wait between two looks."""


def until(
    holds: Callable[[], object],
    seen: Callable[[], object] = lambda: "it did not come about in time",
    patience_s: float = PATIENCE_S,
) -> None:
    """Look until something holds; raises AssertionError with what was `seen` where that takes too long.

    >>> looks = iter([0, 0, 1])
    >>> until(lambda: next(looks))
    >>> next(looks, "three looks")
    'three looks'
    """
    deadline = time.monotonic() + patience_s
    while not holds():
        assert time.monotonic() < deadline, seen()
        time.sleep(PAUSE_S)
