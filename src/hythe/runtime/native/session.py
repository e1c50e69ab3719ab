"""A native model in supervised children, as a session."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Sequence
from typing import Self

from hythe.base.errors import Busy, TimedOut, Unavailable, Unsupported
from hythe.bundle.outcome import Outcome
from hythe.bundle.rows import Rows
from hythe.runtime.batch import Batch, RowReader
from hythe.runtime.native import wire
from hythe.runtime.native.child import Child, NotAsked
from hythe.runtime.native.instance import Instance
from hythe.runtime.session_config import SessionConfig

_GONE = "the model's process died and is being started again; try again in a moment"
_LATE = "the deadline was over before the model was asked; give more time"


class ChildSession:
    """Children of one model; the one that is free takes the next batch, and one that dies leaves the others.

    A batch waits for a free one, in the order of arrival, behind at most `most_waiting` others. While none
    runs it waits for one that had answered before it died; a batch is lost only with the child that has it.
    """

    inline = False
    splits = False

    def __init__(self, children: Sequence[Child], reader: RowReader, *, most_waiting: int = 64) -> None:
        self._reader = reader
        self._most_waiting = most_waiting
        self._waiting: deque[asyncio.Future[Instance]] = deque()
        self._instances = [Instance(child, self._changed) for child in children]

    @classmethod
    def of(cls, load: wire.Load, reader: RowReader, config: SessionConfig | None = None) -> Self:
        """Make a session of as many children as `config` says."""
        settled = config or SessionConfig()
        return cls([Child(load, settled) for _ in range(settled.instances)], reader)

    @property
    def ready(self) -> bool:
        """Whether a child runs with its model loaded."""
        return any(instance.ready for instance in self._instances)

    @property
    def concurrency(self) -> int:
        """How many batches may run at once."""
        return len(self._instances)

    async def start(self) -> None:
        """Start the children and wait until they have loaded the model; raises Corrupt or Unavailable."""
        started = await asyncio.gather(
            *(instance.start() for instance in self._instances), return_exceptions=True
        )
        faults = [fault for fault in started if isinstance(fault, BaseException)]
        if faults:
            await self.close()
            raise faults[0]

    def feed(self, batch: Batch) -> Rows:
        """Turn a batch into a table or tensors."""
        return self._reader.rows(batch) if isinstance(batch, list) else batch

    def run_now(self, fed: Rows) -> Outcome:
        """Refuse: a child is waited for beside the loop, never on it."""
        raise Unsupported(f"a native model does not answer on the loop ({type(fed).__name__}); use run")

    async def run(self, fed: Rows, deadline_s: float = math.inf) -> Outcome:
        """Answer a batch in the next free child; `deadline_s` is on the clock of `time.monotonic`.

        Raises:
            Busy: when too many wait already.
            TimedOut: when the deadline is over before a child is asked.
            Unavailable: when no child runs, or the one that was asked dies, or takes too long or too much.

        """
        instance = await self._taken(deadline_s)
        try:
            return await instance.run(fed, deadline_s)
        except NotAsked:
            instance = await self._taken(deadline_s)
        return await instance.run(fed, deadline_s)

    async def predict(self, batch: Batch) -> Outcome:
        """Answer a batch; raises as `run`."""
        return await self.run(self.feed(batch))

    async def close(self) -> None:
        """End the children."""
        await asyncio.gather(*(instance.close() for instance in self._instances))
        self._changed()

    @property
    def _hopeful(self) -> bool:
        return any(instance.ready or instance.returning for instance in self._instances)

    async def _taken(self, deadline_s: float) -> Instance:
        """Wait for an instance that nobody else has."""
        if not self._hopeful:
            raise Unavailable(_GONE)
        if len(self._waiting) >= self._most_waiting:
            raise Busy(f"{len(self._waiting)} requests wait for this model; try again in a moment")
        turn: asyncio.Future[Instance] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self._changed()
        try:
            async with asyncio.timeout(None if deadline_s == math.inf else deadline_s - time.monotonic()):
                return await turn
        except TimeoutError:
            raise TimedOut(_LATE) from None
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                turn.result().leave()
            raise

    def _changed(self) -> None:
        """Give free instances to those who wait, or send them away when there will be none soon."""
        while self._waiting:
            if self._waiting[0].done():  # it waits no longer
                self._waiting.popleft()
                continue
            instance = next((one for one in self._instances if one.free), None)
            if instance is not None:
                instance.take()
                self._waiting.popleft().set_result(instance)
            elif self._hopeful:
                return
            else:
                self._waiting.popleft().set_exception(Unavailable(_GONE))
