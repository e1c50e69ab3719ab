"""A native model in a supervised child, as a session."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from hythe.base.errors import Busy, HytheError, Unavailable
from hythe.bundle.outcome import Outcome
from hythe.runtime.batch import Batch, RowReader
from hythe.runtime.child import Child

T = TypeVar("T")


class ChildSession:
    """A native model in a supervised child; a child that dies is started again after its back-off."""

    def __init__(self, child: Child, reader: RowReader, *, most_waiting: int = 64) -> None:
        self._child = child
        self._reader = reader
        self._most_waiting = most_waiting
        self._waiting = 0
        self._closed = False
        self._ready = False
        self._watched: int | None = None
        self._revival: asyncio.Task[None] | None = None
        # One thread speaks with the child, which takes one caller at a time and dies with its parent thread.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="child")

    @property
    def ready(self) -> bool:
        """Whether the child runs with its model loaded."""
        return self._ready

    async def start(self) -> None:
        """Start the child and wait until it has loaded the model; raises Corrupt or Unavailable."""
        await self._in_thread(self._child.start)
        self._watch()

    async def predict(self, batch: Batch) -> Outcome:
        """Answer a batch in the child."""
        if not self._ready:
            raise Unavailable("the model's process died and is being started again; try again in a moment")
        if self._waiting >= self._most_waiting:
            raise Busy(f"{self._waiting} requests wait for this model; try again in a moment")
        self._waiting += 1
        try:
            rows = self._reader.rows(batch) if isinstance(batch, list) else batch
            return await self._in_thread(lambda: self._child.predict(rows))
        finally:
            self._waiting -= 1

    async def close(self) -> None:
        """End the child."""
        self._closed = True
        self._unwatch()
        if self._revival is not None:
            self._revival.cancel()
        await self._in_thread(self._child.close)
        self._thread.shutdown(wait=False)

    async def _in_thread(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    def _watch(self) -> None:
        """Have the loop say when the child ends."""
        pid = self._child.pid
        if pid is None:
            self._revive()
            return
        self._ready = True
        self._watched = os.pidfd_open(pid)
        asyncio.get_running_loop().add_reader(self._watched, self._ended)

    def _unwatch(self) -> None:
        self._ready = False
        if self._watched is not None:
            asyncio.get_running_loop().remove_reader(self._watched)
            os.close(self._watched)
            self._watched = None

    def _ended(self) -> None:
        self._unwatch()
        if not self._closed:
            self._revive()

    def _revive(self) -> None:
        self._revival = asyncio.get_running_loop().create_task(self._start_again())

    async def _start_again(self) -> None:
        while not self._closed:
            await self._in_thread(self._child.reap)
            await asyncio.sleep(self._child.wait_s)
            try:
                await self._in_thread(self._child.start)
            except HytheError:
                continue
            self._watch()
            return
