"""What a batcher tells of its calls, and who hears it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from hythe.bundle.outcome import Outcome
from hythe.runtime.job import Job
from hythe.runtime.parts import Call


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
