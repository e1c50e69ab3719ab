"""The running event loop, as the batcher wants it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


class LoopScheduler:
    """Schedules on the event loop that runs when it is first used."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def soon(self, call: Callable[[], None]) -> None:
        """Call once what has arrived already was handled."""
        asyncio.get_running_loop().call_soon(call)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine beside, and hold it until it ends."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
