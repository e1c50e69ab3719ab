"""Requests that may share a model call share it, and no others.

Nothing waits for company: a free session takes whatever has come, and while it runs the next batch gathers.
So a batch has one row when the server is idle, and grows under load to what the session can do within the
latency objective, as measured from its own calls.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any

from hythe.base.errors import CallerError
from hythe.runtime.backlog import Backlog, Refusals, gone
from hythe.runtime.batch import cut, join
from hythe.runtime.batch_policy import BatchPolicy, QueueLimits
from hythe.runtime.cost import Cost
from hythe.runtime.fair_queue import Part
from hythe.runtime.job import Job
from hythe.runtime.parts import Call, Parts
from hythe.runtime.scheduler import Scheduler
from hythe.runtime.session import Session
from hythe.runtime.sink import Ran, Sink

_SINGLES = 4
"""After so many calls with one job each, on the loop, the next is not kept for company."""
_APART_S = 50e-6
"""Jobs that come closer together than this had company after all."""
_OLD_S = 1.0
"""After so long without a call, what one takes is not known any more."""


class Batcher:
    """Joins the jobs of one session into calls; every method is for the event loop's thread.

    A job with more rows than a call may have is answered in parts where the session `splits`, and others take
    their turns between them; else it has a call of its own. `cost` is what is known of its calls already.
    """

    def __init__(
        self,
        session: Session,
        sink: Sink,
        scheduler: Scheduler,
        policy: BatchPolicy | None = None,
        clock: Callable[[], float] = time.monotonic,
        cost: Cost | None = None,
    ) -> None:
        self._session = session
        self._sink = sink
        self._scheduler = scheduler
        self._clock = clock
        self.cost = cost or Cost()
        self._inline: list[Job] = []
        self._inline_rows = 0
        self._short, self._long = Backlog(self.cost), Backlog(self.cost)
        self.follow(policy or BatchPolicy())
        self._begun: dict[Job, Parts] = {}
        self._flush_due = self._pump_due = False
        self._running = self._singles = 0
        self._ends_s: set[float] = set()
        self._learned_s = -math.inf
        self._flushed_s = clock()

    @property
    def idle(self) -> bool:
        """Whether no job waits or runs."""
        return not (self._inline or self._short.rows or self._long.rows or self._running)

    @property
    def limits(self) -> QueueLimits:
        """The most that may wait."""
        return self._long.limits

    @property
    def waiting_rows(self) -> int:
        """Rows that wait for a call."""
        return self._short.rows + self._long.rows

    def follow(self, policy: BatchPolicy) -> None:
        """Go by this policy from now on; what waits already stays."""
        self._most = policy.max_rows
        self._loop_s = policy.loop_ms / 1e3
        self._objective_s = policy.objective_ms / 1e3
        for backlog in (self._short, self._long):
            backlog.follow(policy.queue, policy.most_wait_ms / 1e3)

    def put(self, job: Job) -> None:
        """Take a job; the sink hears what became of it, perhaps before this returns (Busy)."""
        job.queued_s = now = self._clock()
        if not self._session.inline or job.rows > self._most or self.cost.expect(job.rows) > self._loop_s:
            left_s, at_once = self._left_s(now), self._session.concurrency
            self._refuse(self._long.put(job, self._most_rows(), left_s=left_s, at_once=at_once))
            self._sink.waiting(self.waiting_rows)
            self._pump_soon()
            return
        rows = self._inline_rows + job.rows
        if self._short.rows or (
            self._inline and (rows > self._most or self.cost.expect(rows) > self._loop_s)
        ):
            left_s = self.cost.expect(self._inline_rows)
            self._refuse(self._short.put(job, self._loop_rows(), left_s=left_s))
            self._sink.waiting(self.waiting_rows)
        else:
            self._inline.append(job)
            self._inline_rows = rows
            if self._comes_alone(now):
                self._flush()
                return
        self._flush_soon()

    def call(self, jobs: Sequence[Job]) -> None:
        """Make one call of the model with these jobs, of one kind, that begins now, whatever waits."""
        rows = sum([job.rows for job in jobs])
        if self._session.inline and self.cost.expect(rows) <= self._loop_s:
            self._answer_now(jobs)
        else:
            self._start(self._run(jobs), rows)

    def _comes_alone(self, now: float) -> bool:
        """Guess from the last calls whether a turn of the loop would bring this job any company."""
        return self._singles >= _SINGLES and now - self._flushed_s > _APART_S and not self._flush_due

    def _flush_soon(self) -> None:
        if not self._flush_due:
            self._flush_due = True
            self._scheduler.soon(self._flush)

    def _left_s(self, now: float) -> float:
        """Say how long until another call may begin; one that is overdue may take as long again."""
        if self._running < self._session.concurrency or not self._ends_s:
            return 0.0
        return abs(min(self._ends_s) - now)

    def _most_rows(self) -> int:
        seconds = max(self._objective_s, 2.0 * self.cost.expect(1))
        return min(self._most, self.cost.rows_within(seconds))

    def _loop_rows(self) -> int:
        return min(self._most, self.cost.rows_within(self._loop_s))

    def _takes_s(self, now: float) -> Callable[[int], float]:
        """Give how long calls take; no time when that was learned long ago, so that it is found out anew."""
        return self.cost.expect if now - self._learned_s < _OLD_S else _no_time

    def _flush(self) -> None:
        """Answer on the event loop what may be answered there; there may be nothing any more."""
        self._flush_due = False
        waiting, self._inline, self._inline_rows = self._inline, [], 0
        for jobs in _by_kind(self._in_time(waiting)):
            self._answer_now(jobs)
        if self._short.rows:
            self._work_off()
        self._flushed_s = self._clock()

    def _work_off(self) -> None:
        """Answer short jobs for as long as the loop did other things since the last time.

        What is left waits for the loop's next turn. A loop that is busy with reading requests, and refusing
        most, so still gives half of its time to the model.
        """
        now = self._clock()
        until_s = now + max(self._loop_s, now - self._flushed_s)
        while self._short.rows and now < until_s:
            jobs, late = self._short.take(now, self._loop_rows(), self._takes_s(now))
            self._refuse(late)
            if jobs:
                self._answer_now(jobs)
            now = self._clock()
            self._short.learn(jobs, now)
        self._sink.waiting(self.waiting_rows)
        if self._short.rows:
            self._flush_soon()

    def _answer_now(self, jobs: Sequence[Job]) -> None:
        started = self._clock()
        try:
            fed, rows = self._feed(jobs)
            outcome = self._session.run_now(fed)
        except Exception as err:  # noqa: BLE001 - whatever a model raises is its jobs' answer
            self._raised(jobs, err)
            return
        self._singles = self._singles + 1 if len(jobs) == 1 else 0
        seconds = self._learn(rows, started)
        self._sink.answered(Ran(jobs, fed, outcome, rows, started, seconds))

    def _learn(self, rows: int, started_s: float) -> float:
        self._learned_s = self._clock()
        seconds = self._learned_s - started_s
        self.cost.learn(rows, seconds)
        return seconds

    def _pump_soon(self) -> None:
        if not self._pump_due:
            self._pump_due = True
            self._scheduler.soon(self._pump)

    def _pump(self) -> None:
        """Start as many calls beside the loop as the session can run at once."""
        self._pump_due = False
        while self._long.rows and self._running < self._session.concurrency:
            most, now = self._most_rows(), self._clock()
            part = self._long.part(most) if self._session.splits else None
            if part is not None:
                self._begin(part)
                continue
            jobs, late = self._long.take(now, most, self._takes_s(now))
            self._refuse(late)
            if jobs:
                self._start(self._run(jobs), sum([job.rows for job in jobs]))
        self._sink.waiting(self.waiting_rows)

    def _start(self, work: Coroutine[Any, Any, None], rows: int) -> None:
        self._running += 1
        self._scheduler.spawn(self._ending(work, self._clock() + self.cost.expect(rows)))

    async def _ending(self, work: Coroutine[Any, Any, None], end_s: float) -> None:
        self._ends_s.add(end_s)
        try:
            await work
        finally:
            self._running -= 1
            self._ends_s.discard(end_s)
            self._pump_soon()

    async def _run(self, jobs: Sequence[Job]) -> None:
        started = self._clock()
        try:
            fed, rows = self._feed(jobs)
            outcome = await self._session.run(fed, max([job.deadline_s for job in jobs]))
        except Exception as err:  # noqa: BLE001 - whatever a model raises is its jobs' answer
            self._raised(jobs, err)
        else:
            seconds = self._learn(rows, started)
            self._sink.answered(Ran(jobs, fed, outcome, rows, started, seconds))
            self._long.learn(jobs, self._clock())

    def _begin(self, part: Part) -> None:
        """Start a part of a request, unless nobody waits for the rest of it any more."""
        job = part.job
        if not self._in_time([job], part.rows + job.left):
            self._begun.pop(job, None)
            self._long.drop(job)
            return
        parts = self._begun.setdefault(job, Parts(job))
        self._start(self._run_part(parts, part), part.rows)

    async def _run_part(self, parts: Parts, part: Part) -> None:
        job, started = part.job, self._clock()
        try:
            fed = cut(parts.feed(self._session.feed), part.start, part.stop)
            outcome = await self._session.run(fed, job.deadline_s)
        except Exception as err:  # noqa: BLE001 - as in `_run`
            if self._begun.pop(job, None) is not None:
                self._long.drop(job)
                self._sink.failed([job], err)
            return
        call = Call(part.rows, started, self._learn(part.rows, started))
        if parts.add(part, outcome, call) and self._begun.pop(job, None) is not None:
            began = min(call.started_s for call in parts.calls)
            ran = Ran([job], parts.fed, parts.outcome, job.rows, began, self._clock() - began, parts.calls)
            self._sink.answered(ran)

    def _feed(self, jobs: Sequence[Job]) -> tuple[Any, int]:
        if len(jobs) == 1:
            return self._session.feed(jobs[0].batch), jobs[0].rows
        return self._session.feed(join([job.batch for job in jobs])), sum([job.rows for job in jobs])

    def _in_time(self, jobs: list[Job], rows: int = 0) -> list[Job]:
        """Leave out the cancelled, and those that a call with all rows, or so many, would answer too late."""
        now = self._clock()
        end_s = now + self._takes_s(now)(rows or sum([job.rows for job in jobs]))
        if all(not job.cancelled and job.deadline_s > end_s for job in jobs):
            return jobs
        kept = []
        for job in jobs:
            called = "all rows were answered" if job in self._begun else "the model was called"
            if job.cancelled or job.deadline_s <= end_s:
                self._sink.failed([job], gone(job, now, end_s - now, called))
            else:
                kept.append(job)
        return kept

    def _refuse(self, refusals: Refusals) -> None:
        for job, err in refusals:
            self._sink.failed([job], err)

    def _raised(self, jobs: Sequence[Job], err: Exception) -> None:
        """Tell the job that is to blame; the others, if the caller of one is, are asked for one by one."""
        if len(jobs) == 1 or not isinstance(err, CallerError):
            self._sink.failed(jobs, err)
            return
        self._start(self._one_by_one(jobs), sum(job.rows for job in jobs))

    async def _one_by_one(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            if not self._in_time([job]):
                continue
            started = self._clock()
            try:
                fed, rows = self._feed([job])
                outcome = await self._session.run(fed, job.deadline_s)
            except Exception as err:  # noqa: BLE001 - whatever a model raises is its jobs' answer
                self._sink.failed([job], err)
            else:
                self._sink.answered(Ran([job], fed, outcome, rows, started, self._clock() - started))


def _by_kind(jobs: list[Job]) -> Iterable[list[Job]]:
    """Part jobs where the kind changes."""
    if len(jobs) < 2:  # noqa: PLR2004 - nothing to part
        return [jobs] if jobs else []
    return [list(group) for _, group in groupby(jobs, key=attrgetter("kind"))]


def _no_time(_rows: int) -> float:
    return 0.0
