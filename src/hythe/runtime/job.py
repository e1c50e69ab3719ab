"""Rows that wait for a model: what the queue and the batcher need to know of a request."""

from __future__ import annotations

import math
from typing import Any

from hythe.runtime.batch import Batch

_KEPT_FREE = 0.1
"""The share of a job's time that is left to the way from and to its client."""


class Job:
    """One request's rows on their way to a model.

    `kind` says which jobs may share a call: equal kinds only. `lane` is whose turn it takes, `deadline_s`
    is on the monotonic clock, `weight` the bytes that it holds while it waits, `left` the rows that wait.
    `queued_s` and `computed_s` are when it was queued, and how long its answer was then computed to take.
    """

    __slots__ = (
        "batch", "cancelled", "computed_s", "deadline_s", "kind", "lane", "left", "queued_s", "rows",
        "weight",
    )  # fmt: skip

    def __init__(
        self,
        batch: Batch,
        rows: int,
        *,
        kind: Any = None,
        lane: str = "",
        deadline_s: float = math.inf,
        weight: int = 0,
    ) -> None:
        self.batch = batch
        self.rows = rows
        self.left = 0
        self.kind = kind
        self.lane = lane
        self.deadline_s = deadline_s
        self.weight = weight
        self.queued_s = self.computed_s = 0.0
        self.cancelled = False

    @property
    def in_time_s(self) -> float:
        """When a call of the model has to end for the answer to be at the client in time."""
        return self.queued_s + (1.0 - _KEPT_FREE) * (self.deadline_s - self.queued_s)
