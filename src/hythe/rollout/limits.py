"""What a plan allows the requests of its endpoint."""

from __future__ import annotations

import math

import msgspec

from hythe.base.errors import Invalid


class PlanLimits(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Bounds of one endpoint; None leaves the server's. They can only be tighter: the smaller one counts.

    `rows` and `body_bytes` are the most that a request may hold, `timeout_s` the most that it may take,
    `queue_rows` and `queue_bytes` the most that may wait for one version. `objective_ms` is how long a model
    call may take: batches grow no further. It is a goal, not a bound, so it counts in place of the server's.

    >>> PlanLimits(rows=0)
    Traceback (most recent call last):
    ...
    hythe.base.errors.Invalid: the plan's limit rows is 0; give 1 or more
    """

    rows: int | None = None
    body_bytes: int | None = None
    timeout_s: float | None = None
    queue_rows: int | None = None
    queue_bytes: int | None = None
    objective_ms: float | None = None

    def __post_init__(self) -> None:
        for name in ("rows", "body_bytes", "queue_rows", "queue_bytes"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise Invalid(f"the plan's limit {name} is {value}; give 1 or more")
        for name in ("timeout_s", "objective_ms"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value > 0):
                raise Invalid(f"the plan's limit {name} is {value}; give a number greater than 0")
