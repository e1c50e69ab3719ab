"""Requests that may share a model call share it, and no others.

Nothing waits for company: a free session takes whatever has come, and while it runs the next batch gathers.
So a batch has one row when the server is idle, and grows under load to what the session can do within the
latency objective, as measured from its own calls.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from hythe.base.errors import Busy, CallerError, Cancelled, HytheError, TimedOut
from hythe.bundle.outcome import Outcome
from hythe.runtime.batch import cut, join
from hythe.runtime.batch_policy import BatchPolicy, QueueLimits
from hythe.runtime.cost import Cost
from hythe.runtime.fair_queue import FairQueue, Part
from hythe.runtime.job import Job
from hythe.runtime.parts import Call, Parts
from hythe.runtime.session import Session


@dataclass(frozen=True, slots=True)
class Ran:
    """One model call: what went in, what came out, when it began (monotonic) and how long it took.

    A request that was answered in parts took several `calls`, from the first of which to the end of the last
    were `seconds`.
    """

    jobs: Sequence[Job]
    fed: Any
    outcome: Outcome
    rows: int
    started_s: float
    seconds: float
    calls: Sequence[Call] = ()


class Sink(Protocol):
    """Hears what became of jobs; each job is heard of exactly once."""

    def answered(self, ran: Ran) -> None:
        """Hand the answers out: job after job, in order, each takes its number of rows."""
        ...

    def failed(self, jobs: Sequence[Job], err: Exception) -> None:
        """Tell jobs that they get no answer."""
        ...

    def waiting(self, rows: int) -> None:
        """Hear how many rows wait for a call now."""
        ...


class Scheduler(Protocol):
    """What the batcher needs of an event loop."""

    def soon(self, call: Callable[[], None]) -> None:
        """Call once what has arrived already was handled."""
        ...

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine beside."""
        ...


class Batcher:
    """Joins the jobs of one session into calls; every method is for the event loop's thread.

    A job with more rows than a call may have is answered in parts where the session `splits`, and others take
    their turns between them; else it has a call of its own.
    """

    def __init__(
        self,
        session: Session,
        sink: Sink,
        scheduler: Scheduler,
        policy: BatchPolicy | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session = session
        self._sink = sink
        self._scheduler = scheduler
        self._clock = clock
        self.cost = Cost()
        self._inline: list[Job] = []
        self._queue = FairQueue()
        self.follow(policy or BatchPolicy())
        self._begun: dict[Job, Parts] = {}
        self._flush_due = self._pump_due = False
        self._running = 0
        self._running_rows = 0

    @property
    def idle(self) -> bool:
        """Whether no job waits or runs."""
        return not (self._inline or self._queue.rows or self._running)

    @property
    def limits(self) -> QueueLimits:
        """The most that may wait."""
        return self._queue.limits

    @property
    def waiting_rows(self) -> int:
        """Rows that wait for a call."""
        return self._queue.rows

    def follow(self, policy: BatchPolicy) -> None:
        """Go by this policy from now on; what waits already stays."""
        self._most = policy.max_rows
        self._loop_s = policy.loop_ms / 1e3
        self._objective_s = policy.objective_ms / 1e3
        self._most_wait_s = policy.most_wait_ms / 1e3
        self._queue.limits = policy.queue

    def put(self, job: Job) -> None:
        """Take a job; the sink hears what became of it, perhaps before this returns (Busy)."""
        job.queued_s = self._clock()
        if self._session.inline and self.cost.expect(job.rows) <= self._loop_s and job.rows <= self._most:
            self._inline.append(job)
            if not self._flush_due:
                self._flush_due = True
                self._scheduler.soon(self._flush)
            return
        wait_s = self._expected_wait_s()
        if wait_s > self._most_wait_s or (wait_s and job.queued_s + wait_s > job.deadline_s):
            self._sink.failed([job], _busy(wait_s))
            return
        shed = self._queue.put(job)
        if shed:
            self._sink.failed(shed, _busy(wait_s))
        self._sink.waiting(self._queue.rows)
        self._pump_soon()

    def _expected_wait_s(self) -> float:
        ahead = self._queue.rows + self._running_rows
        return self.cost.expect(ahead) / self._session.concurrency if ahead else 0.0

    def _most_rows(self) -> int:
        seconds = max(self._objective_s, 2.0 * self.cost.expect(1))
        return min(self._most, self.cost.rows_within(seconds))

    def _flush(self) -> None:
        """Answer on the event loop what may be answered there; there may be nothing any more."""
        self._flush_due = False
        waiting, self._inline = self._inline, []
        jobs = self._in_time(waiting)
        if not jobs:
            return
        if len(jobs) > 1:
            jobs = self._first_call(jobs)
        started = self._clock()
        try:
            fed, rows = self._feed(jobs)
            outcome = self._session.run_now(fed)
        except Exception as err:  # noqa: BLE001 - whatever a model raises is its jobs' answer
            self._raised(jobs, err)
            return
        seconds = self._clock() - started
        self.cost.learn(rows, seconds)
        self._sink.answered(Ran(jobs, fed, outcome, rows, started, seconds))

    def _first_call(self, jobs: list[Job]) -> list[Job]:
        """Keep what fits one call, and leave the others for the next turn of the loop."""
        most, kind = min(self._most_rows(), self.cost.rows_within(self._loop_s)), jobs[0].kind
        rows = 0
        for at, job in enumerate(jobs):
            rows += job.rows
            if at and (rows > most or job.kind != kind):
                self._inline = jobs[at:] + self._inline
                self._flush_due = True
                self._scheduler.soon(self._flush)
                return jobs[:at]
        return jobs

    def _pump_soon(self) -> None:
        if not self._pump_due:
            self._pump_due = True
            self._scheduler.soon(self._pump)

    def _pump(self) -> None:
        """Start as many calls beside the loop as the session can run at once."""
        self._pump_due = False
        while self._queue.rows and self._running < self._session.concurrency:
            most = self._most_rows()
            part = self._queue.part(most) if self._session.splits else None
            if part is not None:
                self._begin(part)
            elif jobs := self._in_time(self._queue.take(most)):
                rows = sum(job.rows for job in jobs)
                self._start(self._run(jobs, rows), rows)
        self._sink.waiting(self._queue.rows)

    def _start(self, work: Coroutine[Any, Any, None], rows: int) -> None:
        self._running += 1
        self._running_rows += rows
        self._scheduler.spawn(self._ending(work, rows))

    async def _ending(self, work: Coroutine[Any, Any, None], rows: int) -> None:
        try:
            await work
        finally:
            self._running -= 1
            self._running_rows -= rows
            self._pump_soon()

    async def _run(self, jobs: list[Job], rows: int) -> None:
        started = self._clock()
        try:
            fed, _ = self._feed(jobs)
            outcome = await self._session.run(fed, max([job.deadline_s for job in jobs]))
        except Exception as err:  # noqa: BLE001 - whatever a model raises is its jobs' answer
            self._raised(jobs, err)
        else:
            seconds = self._clock() - started
            self.cost.learn(rows, seconds)
            self._sink.answered(Ran(jobs, fed, outcome, rows, started, seconds))

    def _begin(self, part: Part) -> None:
        """Start a part of a request, unless nobody waits for the rest of it any more."""
        job = part.job
        if not self._in_time([job]):
            self._begun.pop(job, None)
            self._queue.drop(job)
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
                self._queue.drop(job)
                self._sink.failed([job], err)
            return
        call = Call(part.rows, started, self._clock() - started)
        self.cost.learn(call.rows, call.seconds)
        if parts.add(part, outcome, call) and self._begun.pop(job, None) is not None:
            began = min(call.started_s for call in parts.calls)
            ran = Ran([job], parts.fed, parts.outcome, job.rows, began, self._clock() - began, parts.calls)
            self._sink.answered(ran)

    def _feed(self, jobs: Sequence[Job]) -> tuple[Any, int]:
        if len(jobs) == 1:
            return self._session.feed(jobs[0].batch), jobs[0].rows
        return self._session.feed(join([job.batch for job in jobs])), sum([job.rows for job in jobs])

    def _in_time(self, jobs: list[Job]) -> list[Job]:
        """Leave out the cancelled, and those whose time is over before the model was called."""
        now = self._clock()
        if all(not job.cancelled and job.deadline_s > now for job in jobs):
            return jobs
        kept = []
        for job in jobs:
            called = "all rows were answered" if job in self._begun else "the model was called"
            if job.cancelled:
                self._sink.failed([job], Cancelled(f"the client went away before {called}"))
            elif job.deadline_s <= now:
                self._sink.failed([job], _late(now - job.queued_s, called))
            else:
                kept.append(job)
        return kept

    def _raised(self, jobs: Sequence[Job], err: Exception) -> None:
        """Tell the job that is to blame; the others, if the caller of one is, are asked for one by one."""
        if len(jobs) == 1 or not isinstance(err, CallerError):
            self._sink.failed(jobs, err)
            return
        self._start(self._one_by_one(jobs), sum(job.rows for job in jobs))

    async def _one_by_one(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            started = self._clock()
            try:
                fed, rows = self._feed([job])
                outcome = await self._session.run(fed, job.deadline_s)
            except Exception as err:  # noqa: BLE001 - whatever a model raises is its jobs' answer
                self._sink.failed([job], err)
            else:
                self._sink.answered(Ran([job], fed, outcome, rows, started, self._clock() - started))


def _busy(wait_s: float) -> HytheError:
    return Busy(
        f"about {wait_s:.1f} s of work wait for this model already; try again later", max(wait_s, 0.1)
    )


def _late(waited_s: float, called: str) -> HytheError:
    return TimedOut(
        f"the time given was over after {waited_s * 1e3:.0f} ms, before {called}; "
        "give more time, or ask when there is less to do"
    )
