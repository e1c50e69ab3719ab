"""A bounded queue in which callers take turns, so that one who asks much does not push out the others."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from hythe.runtime.batch_policy import QueueLimits
from hythe.runtime.job import Job

_QUANTUM_ROWS = 32


def _at_once(_rows: int) -> float:
    return -math.inf


class Part(NamedTuple):
    """The rows `start` to `stop` of a job that has too many for one call."""

    job: Job
    start: int
    stop: int

    @property
    def rows(self) -> int:
        """How many they are."""
        return self.stop - self.start


class FairQueue:
    """Jobs in lanes; lanes take turns of equal rows.

    Deficit round robin (Shreedhar and Varghese 1995): on its turn a lane may take `_QUANTUM_ROWS` rows more,
    and what it could not use it keeps for its next turn.

    >>> queue = FairQueue(QueueLimits(rows=100))
    >>> for lane in ("many", "many", "many", "few"):
    ...     _ = queue.put(Job([], 20, lane=lane))
    >>> [job.lane for job in queue.take(80)[0]]
    ['many', 'few', 'many', 'many']
    """

    def __init__(self, limits: QueueLimits | None = None) -> None:
        self.limits = limits or QueueLimits()
        self._lanes: dict[str, deque[Job]] = {}
        self._turns: deque[str] = deque()
        self._credit: dict[str, int] = {}
        self._held: dict[str, int] = {}
        self.rows = 0
        self.bytes = 0

    def __len__(self) -> int:
        return sum(map(len, self._lanes.values()))

    def put(self, job: Job) -> list[Job]:
        """Queue a job; gives those without room: this one, or newer ones of a lane that holds more."""
        shed: list[Job] = []
        job.left = job.rows
        while self.rows and self._full(job):
            longest = max(self._held, key=self._held.__getitem__)
            newest = self._lanes[longest][-1]
            few = self._held[longest] <= self._held.get(job.lane, 0) + job.rows
            if longest == job.lane or few or newest.left < newest.rows:
                return [*shed, job]
            shed.append(self._drop_newest(longest))
        lane = self._lanes.get(job.lane)
        if lane is None:
            lane = self._lanes[job.lane] = deque()
            self._turns.append(job.lane)
            self._credit[job.lane] = self._held[job.lane] = 0
        lane.append(job)
        self.rows += job.rows
        self.bytes += job.weight
        self._held[job.lane] += job.rows
        return shed

    def rows_before(self, job: Job) -> int:
        """Count the rows that have their turn before the last of `job`'s, if it were queued now.

        All of its own lane, and of each other lane as much as has its turn meanwhile.
        """
        held = self._held
        own = held.get(job.lane, 0)
        if len(held) <= (job.lane in held):
            return own
        turns = own + job.rows + _QUANTUM_ROWS
        return own + sum([min(rows, turns) for lane, rows in held.items() if lane != job.lane])

    def take(self, most_rows: int, end_s: Callable[[int], float] = _at_once) -> tuple[list[Job], list[Job]]:
        """Take the jobs of one call, and beside them those that it would answer too late, or for nobody.

        The call's are of one kind, have at most `most_rows` rows unless one alone has more, and will have
        their answers in time: a call with so many rows that begins now ends at `end_s(rows)`. The last one
        that waits is tried to the end of its time.
        """
        taken: list[Job] = []
        left_out: list[Job] = []
        rows, tightest_s = 0, math.inf
        while self._turns:
            name = self._turns[0]
            job = self._lanes[name][0]
            whole = job.left == job.rows
            by_s = job.deadline_s if self.rows == job.rows else job.in_time_s
            if whole and (job.cancelled or end_s(job.rows) >= by_s):
                self._take_off(job, job.rows)
                left_out.append(job)
                continue
            fits = whole and rows + job.rows <= most_rows
            if (left_out and not fits) or (taken and not (fits and job.kind == taken[0].kind)):
                break
            if taken and end_s(rows + job.rows) >= min(tightest_s, by_s):
                break
            if self._has_turn(name, job.rows):
                rows += job.rows
                tightest_s = min(tightest_s, by_s)
                self._take_off(job, job.rows)
                taken.append(job)
        return taken, left_out

    def part(self, most_rows: int) -> Part | None:
        """Take the next rows of the job whose turn it is, if it has too many for one call; the rest waits on.

        A job that was begun goes on in parts to its end, or until `drop`.
        """
        while self._turns:
            name = self._turns[0]
            job = self._lanes[name][0]
            size = min(job.left, most_rows)
            if self._has_turn(name, size):
                if job.left == job.rows <= most_rows:
                    return None
                start = job.rows - job.left
                self._take_off(job, size)
                return Part(job, start, start + size)
        return None

    def drop(self, job: Job) -> None:
        """Forget the rest of a job that was begun; nothing happens when all of it was taken."""
        lane = self._lanes.get(job.lane)
        if lane and lane[0] is job:
            self._take_off(job, job.left)

    def _full(self, job: Job) -> bool:
        limits = self.limits
        return self.rows + job.rows > limits.rows or self.bytes + job.weight > limits.bytes

    def _has_turn(self, name: str, rows: int) -> bool:
        """Tell whether the first lane may take so many rows now, else let the next one be first."""
        if self._credit[name] >= rows or len(self._turns) == 1:
            return True
        self._credit[name] += _QUANTUM_ROWS
        if self._credit[name] >= rows:
            return True
        self._turns.rotate(-1)
        return False

    def _take_off(self, job: Job, rows: int) -> None:
        """Take rows of the job that is first in its lane, and the job with the last of them."""
        name = job.lane
        lane = self._lanes[name]
        # A lane that had nobody beside it owes nothing to who comes later.
        self._credit[name] = max(0, self._credit[name] - rows)
        job.left -= rows
        self.rows -= rows
        self._held[name] -= rows
        if not job.left:
            self.bytes -= job.weight
            lane.popleft()
        if not lane:
            self._forget(name)
        elif self._turns[0] == name and self._credit[name] < lane[0].left:
            self._turns.rotate(-1)

    def _drop_newest(self, name: str) -> Job:
        lane = self._lanes[name]
        job = lane.pop()
        self.rows -= job.rows
        self.bytes -= job.weight
        self._held[name] -= job.rows
        if not lane:
            self._forget(name)
        return job

    def _forget(self, name: str) -> None:
        self._turns.remove(name)
        del self._lanes[name], self._credit[name], self._held[name]
