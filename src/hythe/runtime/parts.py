"""What is done of a request that is answered in parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from hythe.bundle.outcome import Outcome, joined
from hythe.runtime.batch import Batch
from hythe.runtime.fair_queue import Part
from hythe.runtime.job import Job


class Call(NamedTuple):
    """One model call: how many rows, when it began (monotonic) and how long it took."""

    rows: int
    started_s: float
    seconds: float


class Parts:
    """Collects the outcomes of a job's parts, which may come in any order; `fed` is what all rows became."""

    def __init__(self, job: Job) -> None:
        self.fed: Any = None
        self._job = job
        self._done: list[tuple[Part, Outcome, Call]] = []

    def feed(self, feed: Callable[[Batch], Any]) -> Any:
        """Turn the rows into what the model takes, once."""
        if self.fed is None:
            self.fed = feed(self._job.batch)
        return self.fed

    @property
    def outcome(self) -> Outcome:
        """The outcome of all rows."""
        return joined([outcome for _, outcome, _ in self._in_order()])

    @property
    def calls(self) -> tuple[Call, ...]:
        """The calls that it took."""
        return tuple(call for _, _, call in self._in_order())

    def add(self, part: Part, outcome: Outcome, call: Call) -> bool:
        """Keep a part's outcome; true when it was the last."""
        self._done.append((part, outcome, call))
        return sum(done.rows for done, _, _ in self._done) == self._job.rows

    def _in_order(self) -> Sequence[tuple[Part, Outcome, Call]]:
        return sorted(self._done, key=lambda done: done[0].start)
