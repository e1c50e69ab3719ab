"""A bounded queue in which callers take turns, so that one who asks much does not push out the others."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from hythe.base.errors import Invalid
from hythe.runtime.job import Job

_QUANTUM_ROWS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueLimits:
    """The most that may wait for one version: rows, and bytes of request bodies."""

    rows: int = 20_000
    bytes: int = 256 * 2**20

    def __post_init__(self) -> None:
        if self.rows < 1 or self.bytes < 1:
            raise Invalid(f"the queue's limits are {self.rows} rows and {self.bytes} bytes; give 1 or more")


class FairQueue:
    """Jobs in lanes; lanes take turns of equal rows.

    Deficit round robin (Shreedhar and Varghese 1995): on its turn a lane may take `_QUANTUM_ROWS` rows more,
    and what it could not use it keeps for its next turn.

    >>> queue = FairQueue(QueueLimits(rows=100))
    >>> for lane in ("many", "many", "many", "few"):
    ...     _ = queue.put(Job([], 20, lane=lane))
    >>> [job.lane for job in queue.take(80)]
    ['many', 'few', 'many', 'many']
    """

    def __init__(self, limits: QueueLimits) -> None:
        self._limits = limits
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
        while self.rows and self._full(job):
            longest = max(self._held, key=self._held.__getitem__)
            if longest == job.lane or self._held[longest] <= self._held.get(job.lane, 0) + job.rows:
                return [*shed, job]
            shed.append(self._drop_newest(longest))
        lane = self._lanes.get(job.lane)
        if lane is None:
            lane = self._lanes[job.lane] = deque()
            self._turns.append(job.lane)
            self._credit[job.lane] = self._held[job.lane] = 0
        lane.append(job)
        self._count(job, 1)
        return shed

    def take(self, most_rows: int) -> list[Job]:
        """Take the jobs of one call: of one kind, at most `most_rows` rows unless one alone has more."""
        taken: list[Job] = []
        rows = 0
        while self._turns:
            name = self._turns[0]
            lane = self._lanes[name]
            job = lane[0]
            if taken and (rows + job.rows > most_rows or job.kind != taken[0].kind):
                break
            if self._credit[name] < job.rows and len(self._turns) > 1:
                self._credit[name] += _QUANTUM_ROWS
                if self._credit[name] < job.rows:
                    self._turns.rotate(-1)
                    continue
            lane.popleft()
            self._credit[name] -= job.rows
            self._count(job, -1)
            taken.append(job)
            rows += job.rows
            if not lane:
                self._leave(name)
            elif self._credit[name] < lane[0].rows:
                self._turns.rotate(-1)
        return taken

    def _full(self, job: Job) -> bool:
        limits = self._limits
        return self.rows + job.rows > limits.rows or self.bytes + job.weight > limits.bytes

    def _count(self, job: Job, sign: int) -> None:
        self.rows += sign * job.rows
        self.bytes += sign * job.weight
        self._held[job.lane] += sign * job.rows

    def _drop_newest(self, name: str) -> Job:
        lane = self._lanes[name]
        job = lane.pop()
        self._count(job, -1)
        if not lane:
            self._turns.remove(name)
            self._forget(name)
        return job

    def _leave(self, name: str) -> None:
        self._turns.popleft()
        self._forget(name)

    def _forget(self, name: str) -> None:
        del self._lanes[name], self._credit[name], self._held[name]
