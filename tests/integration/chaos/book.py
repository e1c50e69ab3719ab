"""What was asked and what came of it, checked as it comes."""

from __future__ import annotations

import asyncio
import itertools
import math
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

from tests.integration.chaos.truth import Truth

from hythe.testing.waiting import PATIENCE_S, PAUSE_S

BROKEN = "broken"
"""How a request ends whose connection ends before the answer."""


@dataclass(frozen=True)
class Lost:
    """A request without an answer: from when to when, on which connection, and how it ended."""

    began: float
    ended: float
    port: int
    how: str


@dataclass
class Book:
    """Hands out each row once, and notes its end; asking goes on until `over` and `requests` are made."""

    truth: Truth
    requests: int
    over: bool = False
    answered: int = 0
    ids: list[str] = field(default_factory=list)
    lost: list[Lost] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _pace: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    _progress: asyncio.Event = field(default_factory=asyncio.Event)

    def rows(self) -> Iterator[tuple[int, dict[str, float]]]:
        """Give rows that nobody else has asked, each with its number."""
        for number in self._numbers:
            if self.over and number >= self.requests:
                return
            yield number, self.truth.rows[number]

    def right(self, number: int, answer: float, prediction_id: str = "") -> None:
        """Note an answer; raises AssertionError unless it is scikit-learn's for that row."""
        wanted = self.truth.answers[number]
        assert math.isclose(answer, wanted, rel_tol=1e-9, abs_tol=1e-12), (number, answer, wanted)
        self.answered += 1
        if prediction_id:
            self.ids.append(prediction_id)

    def next(self, others: int = 1) -> None:
        """Let so many who ask in turn go on; for the event loop's thread."""
        self._progress.set()
        for _ in range(others):
            self._pace.release()

    async def turn(self) -> None:
        """Wait until somebody else has been answered: those with little to do must not ask all the rows."""
        await self._pace.acquire()

    def wrong(self, began: float, port: int, how: str) -> None:
        """Note a request that was lost."""
        self.lost.append(Lost(began, time.monotonic(), port, how))

    async def more(self, answers: int) -> None:
        """Wait until so many more requests have been answered."""
        target = self.answered + answers
        await self.until(lambda: self.answered >= target)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds, while requests run."""
        async with asyncio.timeout(PATIENCE_S):
            while not holds():
                self._progress.clear()
                await self._progress.wait()

    async def until_said(self, holds: Callable[[], Awaitable[bool]]) -> None:
        """Wait until something holds that the server is asked about."""
        async with asyncio.timeout(PATIENCE_S):
            while not await holds():  # noqa: ASYNC110 - another process is waited for
                await asyncio.sleep(PAUSE_S)
