"""How long work tells what it is doing, without knowing who listens."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """A listener to long work; one bar on a terminal, nothing in a pipe."""

    def step(self, what: str, done: int = 0, total: int = 0) -> None:
        """Say that `what` is under way, `done` of `total` units (0 of 0: no count)."""
        ...


class Quiet:
    """The listener that says nothing."""

    def step(self, what: str, done: int = 0, total: int = 0) -> None:
        """Ignore it."""
