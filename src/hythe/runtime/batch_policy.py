"""How much may share a model call, and how much may wait for one."""

from __future__ import annotations

from dataclasses import dataclass, field

from hythe.base.errors import Invalid


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueLimits:
    """The most that may wait for one version: rows, and bytes of request bodies."""

    rows: int = 20_000
    bytes: int = 256 * 2**20

    def __post_init__(self) -> None:
        if self.rows < 1 or self.bytes < 1:
            raise Invalid(f"the queue's limits are {self.rows} rows and {self.bytes} bytes; give 1 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPolicy:
    """How much may share a call, and how much may wait.

    A batch grows to what a call does within `objective_ms` (or in twice the time of one row, where that is
    more), and never beyond `max_rows`. Calls expected to take longer than `loop_ms` leave the event loop.
    A request that would have to wait longer than `most_wait_ms`, or beyond its deadline, is turned away.
    """

    max_rows: int = 4096
    objective_ms: float = 20.0
    loop_ms: float = 1.0
    most_wait_ms: float = 1000.0
    queue: QueueLimits = field(default_factory=QueueLimits)

    def __post_init__(self) -> None:
        if self.max_rows < 1:
            raise Invalid(f"max_rows is {self.max_rows}; give 1 or more")
        if min(self.objective_ms, self.most_wait_ms) <= 0 or self.loop_ms < 0:
            raise Invalid(
                f"objective_ms, most_wait_ms and loop_ms are {self.objective_ms}, {self.most_wait_ms} and "
                f"{self.loop_ms}; give more than 0 (loop_ms may be 0)"
            )
