"""Jobs that wait for a model: who may still join them, who has the next call, and who is let go."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from hythe.base.errors import Busy, Cancelled, HytheError, TimedOut
from hythe.runtime.batch_policy import QueueLimits
from hythe.runtime.cost import Cost
from hythe.runtime.delay import Delay
from hythe.runtime.fair_queue import FairQueue
from hythe.runtime.job import Job

Refusals = list[tuple[Job, HytheError]]
"""Jobs that get no answer, each with the reason."""


class Backlog:
    """A fair queue that takes in only what will have its answer in time.

    How long that takes is computed from the rows ahead and what calls cost, and corrected by how far this was
    off for the jobs before. A deadline is held against what nearly all stay within, the longest wait against
    what is to be expected: one stall of the machine must not turn away who would wait for it.
    """

    def __init__(self, cost: Cost) -> None:
        self._queue = FairQueue()
        self._cost = cost
        self._delay = Delay()
        self._most_wait_s = math.inf
        self.part, self.drop = self._queue.part, self._queue.drop

    @property
    def rows(self) -> int:
        """Rows that wait."""
        return self._queue.rows

    @property
    def limits(self) -> QueueLimits:
        """The most that may wait."""
        return self._queue.limits

    def follow(self, limits: QueueLimits, most_wait_s: float) -> None:
        """Go by these limits from now on; what waits already stays."""
        self._queue.limits = limits
        self._most_wait_s = most_wait_s

    def put(self, job: Job, most_rows: int, *, left_s: float = 0.0, at_once: int = 1) -> Refusals:
        """Queue a job, whose `queued_s` is now; gives those without room or time, perhaps itself.

        `most_rows` is the size of a call, `left_s` the time until one may begin, `at_once` how many may run.
        """
        ahead = self._queue.rows_before(job)
        job.computed_s = left_s + self._seconds(ahead, job.rows, most_rows) / at_once
        # What the next call takes keeps the model busy, so it is let in however wrong such sums were.
        next_call = ahead + job.rows <= most_rows
        most_s = job.computed_s if next_call else self._delay.most(job.computed_s)
        likely_s = job.computed_s if next_call else self._delay.likely(job.computed_s)
        wait_s = likely_s - self._cost.expect(job.rows)
        late = job.queued_s + most_s > job.in_time_s
        if (ahead or left_s) and (late or wait_s > self._most_wait_s):
            return [(job, _busy(wait_s))]
        return [(shed, _busy(wait_s)) for shed in self._queue.put(job)]

    def take(self, now: float, most_rows: int, takes_s: Callable[[int], float]) -> tuple[list[Job], Refusals]:
        """Take the jobs of a call that begins now, and those that it would answer too late, or for nobody.

        `takes_s` gives how long a call with so many rows takes.
        """
        jobs, left_out = self._queue.take(most_rows, lambda rows: now + takes_s(rows))
        if left_out:
            self.learn(left_out, now, takes_s)
        return jobs, [(job, gone(job, now, takes_s(job.rows))) for job in left_out]

    def learn(self, jobs: Sequence[Job], now: float, more_s: Callable[[int], float] = lambda _: 0.0) -> None:
        """Learn from jobs that are answered now, or would be after `more_s` of their rows."""
        told = [job for job in jobs if not job.cancelled]
        taken_s = sum([now + more_s(job.rows) - job.queued_s for job in told])
        self._delay.learn(sum([job.computed_s for job in told]), taken_s)

    def _seconds(self, ahead: int, rows: int, most_rows: int) -> float:
        """Compute how long the calls take until `rows` rows behind `ahead` others are answered."""
        expect = self._cost.expect
        if ahead + rows <= most_rows:
            return expect(ahead + rows)
        if rows > most_rows:
            return -(-ahead // most_rows) * expect(most_rows) + expect(rows)
        return -(-(ahead + rows) // most_rows) * expect(most_rows)


def gone(job: Job, now: float, takes_s: float, called: str = "the model was called") -> HytheError:
    """Say why a job is not given to the model any more, or not to its end."""
    if job.cancelled:
        return Cancelled(f"the client went away before {called}")
    waited = f"{(now - job.queued_s) * 1e3:.0f} ms"
    if now >= job.deadline_s:
        over = f"the time given was over after {waited}, before {called}"
    else:
        over = f"after {waited} the time left is less than the {takes_s * 1e3:.0f} ms that the model takes"
    return TimedOut(f"{over}; give more time, or ask when there is less to do")


def _busy(wait_s: float) -> HytheError:
    return Busy(
        f"about {wait_s:.1f} s of work wait for this model already; try again later", max(wait_s, 0.1)
    )
