"""The running event loop, as the data plane wants it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from hythe.runtime.scheduler import Scheduler


class Alarm(Protocol):
    """A call that was put off."""

    def cancel(self) -> None:
        """Let it not happen."""
        ...


class Loop(Scheduler, Protocol):
    """What the data plane needs of an event loop."""

    def later(self, seconds: float, call: Callable[[], None]) -> Alarm:
        """Call after some time, unless the alarm is cancelled."""
        ...


class LoopScheduler:
    """Schedules on the event loop that runs when it is first used."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def soon(self, call: Callable[[], None]) -> None:
        """Call once what has arrived already was handled."""
        asyncio.get_running_loop().call_soon(call)

    def later(self, seconds: float, call: Callable[[], None]) -> Alarm:
        """Call after some time, unless the alarm is cancelled."""
        return asyncio.get_running_loop().call_later(seconds, call)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine beside, and hold it until it ends."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
