"""The generator: connections kept open, and requests that leave on them when they are due."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import cast

from hythe.base.errors import Unavailable
from hythe.operations.pressure.alarm import Alarm
from hythe.operations.pressure.plan import Pressure
from hythe.operations.pressure.replies import Replies, Reply
from hythe.operations.pressure.tally import Tally
from hythe.operations.pressure.target import Target, fault_of

_SWEEP_S = 0.02
_PROGRESS_S = 0.5
_OK = range(200, 300)


class Wire(asyncio.Protocol):
    """One connection with at most one request on it, which was due at `due_s` and left at `left_s`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._replies = Replies()
        self._transport: asyncio.Transport | None = None
        self.busy = False
        self.due_s = 0.0
        self.left_s = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be ready."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but its class

    def send(self, request: bytes, due_s: float, now_s: float) -> None:
        """Send a request."""
        self.busy, self.due_s, self.left_s = True, due_s, now_s
        if self._transport is not None:
            self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Take a piece of the reply."""
        try:
            reply = self._replies.feed(data)
        except ValueError as err:  # NotHttp, or a number that is none
            self._engine.failed(self, "not understood", str(err))
            self.abort()
            return
        if reply is not None and self.busy:
            self._engine.replied(self, reply)

    def connection_lost(self, exc: Exception | None) -> None:
        """Hear that the connection is gone."""
        self._engine.lost(self, exc)

    def abort(self) -> None:
        """Give the connection up."""
        if self._transport is not None:
            self._transport.abort()


class Engine:
    """One run of a load test."""

    def __init__(self, target: Target, pressure: Pressure, progress: Callable[[Tally, float], None]) -> None:
        self._target = target
        self._pressure = pressure
        self._progress = progress
        self._requests: Sequence[bytes] = target.requests(pressure.timeout_s)
        self._schedule = pressure.schedule()
        self._wires: set[Wire] = set()
        self._free: list[Wire] = []
        self._waiting: deque[float] = deque()
        self._opening: set[asyncio.Task[None]] = set()
        self._start_s = self._end_s = 0.0
        self._next_s: float | None = math.inf
        self._over = asyncio.Event()
        self.tally = Tally()
        self.elapsed_s = 0.0

    async def run(self) -> Tally:
        """Send what is due until the time is over, and wait for the answers.

        Raises:
            Unavailable: when nobody answers at the start.

        """
        self._loop = asyncio.get_running_loop()
        self._alarm = Alarm(self._loop, self._ring)
        try:
            await self._open_first()
            self._start_s, used_s = time.monotonic(), time.process_time()
            self._end_s = self._start_s + self._pressure.for_s
            self._advance()
            await self._watch()
        finally:
            self._alarm.close()
            for wire in list(self._wires):
                wire.abort()
            for opening in self._opening:
                opening.cancel()
        self.elapsed_s = max(time.monotonic() - self._start_s, 1e-9)
        self.tally.processor = (time.process_time() - used_s) / self.elapsed_s
        return self.tally

    def stop(self) -> None:
        """Send nothing more; what is under way may still be answered."""
        self._schedule = iter(())
        self._next_s = None
        self._end_s = time.monotonic()
        self._end_when_done()

    def replied(self, wire: Wire, reply: Reply) -> None:
        """Take a whole reply."""
        now = time.monotonic()
        second = int(now - self._start_s)
        if reply.status in _OK:
            self.tally.answer(second, now - wire.due_s, now - wire.left_s)
        else:
            self.tally.fault(second, *fault_of(reply))
        wire.busy = False
        if reply.keep:
            self._next_on(wire, now)
        else:
            wire.abort()
        self._end_when_done()

    def failed(self, wire: Wire, kind: str, said: str) -> None:
        """Take a request that will not be answered."""
        if wire.busy:
            wire.busy = False
            self.tally.fault(int(time.monotonic() - self._start_s), kind, said)

    def lost(self, wire: Wire, err: Exception | None) -> None:
        """Take a connection that is gone, and its request with it."""
        self._wires.discard(wire)
        if wire in self._free:
            self._free.remove(wire)
        self.failed(wire, "dropped", str(err or "the server closed the connection"))
        self._open_more()
        self._end_when_done()

    def _ring(self) -> None:
        """Send what is due."""
        now = time.monotonic()
        tally = self.tally
        while self._next_s is not None and self._next_s <= now:
            due = self._next_s
            tally.due += 1
            tally.lag.record(now - due)
            tally.late += now - due > self._pressure.late_s
            if self._free:
                self._send(self._free.pop(), due, now)
            else:
                tally.waited += 1
                self._waiting.append(due)
            self._advance(ring=False)
        self._open_more()
        if self._next_s is not None:
            self._alarm.set(self._next_s)
        self._end_when_done()

    def _advance(self, *, ring: bool = True) -> None:
        moment = next(self._schedule, None)
        self._next_s = None if moment is None else self._start_s + moment
        if ring:
            self._alarm.set(self._start_s if self._next_s is None else self._next_s)

    def _send(self, wire: Wire, due_s: float, now_s: float) -> None:
        request = self._requests[self.tally.sent % len(self._requests)]
        self.tally.sent += 1
        wire.send(request, due_s, now_s)

    def _next_on(self, wire: Wire, now_s: float) -> None:
        if self._waiting:
            self._send(wire, self._waiting.popleft(), now_s)
        else:
            self._free.append(wire)

    async def _open_first(self) -> None:
        """Open every connection before the clock starts, so that no request pays for it."""
        try:
            await self._open()
        except OSError as err:
            raise Unavailable(
                f"{self._target.url} does not answer: {err}; is a server running there?"
            ) from err
        more = range(self._pressure.connections - 1)
        await asyncio.gather(*(self._open() for _ in more), return_exceptions=True)

    def _open_more(self) -> None:
        """Open connections for what waits, up to the number allowed."""
        room = self._pressure.connections - len(self._wires) - len(self._opening)
        for _ in range(min(room, len(self._waiting) - len(self._opening))):
            task = self._loop.create_task(self._reopen())
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    async def _reopen(self) -> None:
        try:
            await self._open()
        except OSError as err:
            if self._waiting:
                self._waiting.popleft()
                self.tally.fault(int(time.monotonic() - self._start_s), "no connection", str(err))
            self._end_when_done()

    async def _open(self) -> None:
        target = self._target
        _, wire = await self._loop.create_connection(
            lambda: Wire(self), target.host, target.port, ssl=target.tls()
        )
        self._wires.add(wire)
        self._next_on(wire, time.monotonic())

    async def _watch(self) -> None:
        """Give up what takes too long, and tell how it goes."""
        told = 0.0
        while not self._over.is_set():
            now = time.monotonic()
            oldest = now - self._pressure.timeout_s
            for wire in [wire for wire in self._wires if wire.busy and wire.due_s < oldest]:
                self.failed(wire, "timed out", f"no answer within {self._pressure.timeout_s:g} s")
                wire.abort()
            while self._waiting and self._waiting[0] < oldest:
                self._waiting.popleft()
                self.tally.fault(int(now - self._start_s), "never sent", "every connection was taken")
            self._end_when_done()
            if now - told >= _PROGRESS_S:
                told = now
                self._progress(self.tally, now - self._start_s)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), _SWEEP_S)

    def _end_when_done(self) -> None:
        if self._next_s is not None or self._waiting or time.monotonic() < self._end_s:
            return
        if not any(wire.busy for wire in self._wires):
            self._over.set()
