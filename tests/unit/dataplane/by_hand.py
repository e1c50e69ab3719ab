"""A version, its event loop and its clock, all moved by hand."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Coroutine, Generator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import numpy as np

from hythe.base.errors import Unavailable
from hythe.bundle.outcome import Outcome
from hythe.bundle.schema import Column, Output, Schema
from hythe.dataplane.ask import Ask
from hythe.dataplane.live import LiveVersion
from hythe.dataplane.observe import Observer
from hythe.dataplane.spec import OnnxFiles, VersionSpec
from hythe.dataplane.ticket import Answered, Ticket
from hythe.rollout.plan import CacheOptions
from hythe.runtime.batch import reader
from hythe.runtime.batch_policy import BatchPolicy
from hythe.runtime.counters import Counters
from hythe.testing.fake_clock import FakeClock

SCHEMA = Schema((Column("x", "float64", nullable=True),), (Output("value", "float64"),))
READER = reader(SCHEMA)


class _Alarm:
    def __init__(self, call: Callable[[], None]) -> None:
        self.call = call
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class HandLoop:
    """An event loop that does what it is told; its clock is `clock`."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self._calls: list[Callable[[], None]] = []
        self._tasks: list[Coroutine[Any, Any, None]] = []
        self._alarms: list[tuple[float, int, _Alarm]] = []
        self._number = count()

    def soon(self, call: Callable[[], None]) -> None:
        self._calls.append(call)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(work)

    def later(self, seconds: float, call: Callable[[], None]) -> _Alarm:
        alarm = _Alarm(call)
        heapq.heappush(self._alarms, (self.clock.monotonic_s() + seconds, next(self._number), alarm))
        return alarm

    @property
    def alarms(self) -> int:
        """How many alarms would still ring."""
        return sum(not alarm.cancelled for _, _, alarm in self._alarms)

    def turn(self) -> None:
        """Make the calls that are due."""
        calls, self._calls = self._calls, []
        for call in calls:
            call()

    def step(self, place: int = 0) -> None:
        """Let one of the tasks go on."""
        if self._tasks:
            work = self._tasks.pop(place % len(self._tasks))
            try:
                work.send(None)
            except StopIteration:
                return
            self._tasks.append(work)

    def tick(self, seconds: float) -> None:
        """Let time pass, and alarms ring."""
        self.clock.tick(seconds)
        while self._alarms and self._alarms[0][0] <= self.clock.monotonic_s():
            _, _, alarm = heapq.heappop(self._alarms)
            if not alarm.cancelled:
                alarm.call()

    def drain(self) -> None:
        """Go on until there is nothing to do but to wait."""
        while self._calls or self._tasks:
            self.turn()
            self.step()


class _Pause:
    def __await__(self) -> Generator[Any, None, None]:
        yield  # as asyncio.sleep(0) does, so that a real loop can run it too


@dataclass
class Doubling:
    """A session that answers 2x, refuses rows below 0, and fails while it is `broken`."""

    inline: bool = True
    concurrency: int = 1
    splits: bool = False
    ready: bool = True
    broken: bool = False
    runs: list[list[float]] = field(default_factory=list)

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    def feed(self, batch: Any) -> Any:
        cells = [math.nan if row.c0 is None else row.c0 for row in batch]
        return {"numbers": np.array(cells, dtype=np.float64).reshape(-1, 1)}

    def run_now(self, fed: Any) -> Outcome:
        values = fed["numbers"][:, 0]
        self.runs.append(values.tolist())
        if self.broken:
            raise Unavailable("the model is gone; try again")
        return Outcome({"value": 2.0 * values}, values < 0)

    async def run(self, fed: Any, deadline_s: float = math.inf) -> Outcome:
        assert deadline_s > 0
        await _Pause()
        return self.run_now(fed)


class Heard(Ticket):
    """A request that remembers what it heard."""

    __slots__ = ("err", "times", "values")

    def __init__(self, number: int, xs: Sequence[float | None], deadline_s: float = math.inf) -> None:
        super().__init__(Ask(deadline_s=deadline_s))
        self.id = f"id-{number}"
        self.batch = READER.convert_all([{"x": x} for x in xs])
        self.rows = len(xs)
        self.values: list[float] | None = None
        self.err: Exception | None = None
        self.times = 0

    def answered(self, answered: Answered, start: int) -> None:
        self.times += 1
        self.values = answered.arrays["value"][start : start + self.rows].tolist()

    def refused(self, err: Exception) -> None:
        self.times += 1
        self.err = err


class ByHand:
    """One version behind one endpoint, with or without a cache."""

    def __init__(
        self,
        counters: Counters,
        options: CacheOptions | None,
        *,
        inline: bool = True,
        policy: BatchPolicy | None = None,
    ) -> None:
        self.counters = counters
        self.loop = HandLoop()
        self.session = Doubling(inline)
        self.observer = Observer("double", counters)
        spec = VersionSpec("1.0.0", "sha256:0a", SCHEMA, OnnxFiles("", ""))
        now = self.loop.clock.monotonic_s
        self.live = LiveVersion(spec, READER, self.session, self.observer, self.loop, policy, now)
        self.live.keep_answers(options)
        self.asked: list[Heard] = []

    def ask(self, *xs: float | None, patience_s: float = math.inf) -> Heard:
        """Put a request; nothing happens to it before the loop is told."""
        ticket = Heard(len(self.asked), xs, self.loop.clock.monotonic_s() + patience_s)
        self.asked.append(ticket)
        self.observer.entered()
        self.live.put(ticket)
        return ticket

    def answer(self, *xs: float | None) -> Heard:
        """Put a request and wait for its outcome."""
        ticket = self.ask(*xs)
        self.loop.drain()
        return ticket

    def counted(self, name: str) -> float:
        """Sum a metric over its labels."""
        return sum(values[0] for (metric, _), values in self.counters.read().items() if metric == name)
