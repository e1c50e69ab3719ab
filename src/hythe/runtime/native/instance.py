"""One child of a native model inside an event loop: a thread that speaks with it, a watch over its life."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from hythe.base.errors import HytheError
from hythe.bundle.outcome import Outcome
from hythe.bundle.rows import Rows
from hythe.runtime.native.child import Child, NotAsked

_HOPES = 3
"""How often one that had answered may fail to start, or die before its first answer, until nobody waits."""


class Instance:
    """Starts again what died, after its back-off; `changed` is called whenever `free` may have changed."""

    def __init__(self, child: Child, changed: Callable[[], None]) -> None:
        self._child = child
        self._changed = changed
        self._busy = False
        self._closed = False
        self._proven = False
        self._hopes = 0
        self._watched: int | None = None
        self._revival: asyncio.Task[None] | None = None
        # One thread speaks with the child, which takes one caller at a time and dies with its parent thread.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="child")

    @property
    def ready(self) -> bool:
        """Whether the child runs with its model loaded."""
        return self._watched is not None

    @property
    def free(self) -> bool:
        """Whether it would answer a batch at once."""
        return self.ready and not self._busy

    @property
    def returning(self) -> bool:
        """Whether it had answered before it died and is soon back; one that keeps dying young is not."""
        return self._hopes > 0

    def take(self) -> None:
        """Keep it for one batch."""
        self._busy = True

    def leave(self) -> None:
        """Give it back without a batch."""
        self._busy = False
        self._changed()

    async def start(self) -> None:
        """Start the child and wait until it has loaded the model; raises Corrupt or Unavailable."""
        await asyncio.wrap_future(self._thread.submit(self._child.start))
        self._watch()

    async def run(self, rows: Rows, deadline_s: float) -> Outcome:
        """Answer a batch; it is taken until the child has done so, even when the caller waits no longer.

        Raises as `Child.predict`.
        """
        future = self._thread.submit(self._child.predict, rows, deadline_s)
        loop = asyncio.get_running_loop()

        def done(run: Future[Outcome]) -> None:
            self._proven |= not run.cancelled() and run.exception() is None
            if not loop.is_closed():
                loop.call_soon_threadsafe(self.leave)

        future.add_done_callback(done)
        try:
            return await asyncio.shield(asyncio.wrap_future(future))
        except NotAsked:
            if self.ready:  # the news of its death has not come yet
                self._ended()
            raise

    async def close(self) -> None:
        """End the child, in the middle of an answer if need be."""
        self._closed, self._hopes = True, 0
        self._unwatch()
        if self._revival is not None:
            self._revival.cancel()
        self._child.interrupt()
        await asyncio.wrap_future(self._thread.submit(self._child.close))
        self._thread.shutdown(wait=False)

    def _watch(self) -> None:
        """Have the loop say when the child ends."""
        pid = self._child.pid
        if pid is None:
            self._revive()
            return
        self._watched = os.pidfd_open(pid)
        asyncio.get_running_loop().add_reader(self._watched, self._ended)
        self._changed()

    def _unwatch(self) -> None:
        if self._watched is not None:
            asyncio.get_running_loop().remove_reader(self._watched)
            os.close(self._watched)
            self._watched = None

    def _ended(self) -> None:
        self._unwatch()
        if self._closed:
            self._hopes = 0
        elif self._proven:
            self._hopes = _HOPES
        elif self._hopes:
            self._hopes -= 1
        self._proven = False
        self._changed()
        if not self._closed:
            self._revive()

    def _revive(self) -> None:
        self._revival = asyncio.get_running_loop().create_task(self._start_again())

    async def _start_again(self) -> None:
        while not self._closed:
            await asyncio.wrap_future(self._thread.submit(self._child.reap))
            while wait_s := self._child.wait_s:  # noqa: ASYNC110 - a timer may be a millisecond early
                await asyncio.sleep(wait_s)
            try:
                await asyncio.wrap_future(self._thread.submit(self._child.start))
            except HytheError:
                self._hopes -= 1
                self._changed()
                continue
            self._watch()
            return
