"""What the runtime needs of an event loop."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Protocol


class Scheduler(Protocol):
    """Calls soon, or beside."""

    def soon(self, call: Callable[[], None]) -> None:
        """Call once what has arrived already was handled."""
        ...

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine beside."""
        ...
