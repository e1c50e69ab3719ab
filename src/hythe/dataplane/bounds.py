"""What holds for one endpoint: the server's bounds, tightened by its plan."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from hythe.dataplane.admit import Limits
from hythe.rollout.limits import PlanLimits
from hythe.runtime.batch_policy import BatchPolicy, QueueLimits

_Number = TypeVar("_Number", int, float)


def request_limits(server: Limits, plan: PlanLimits | None) -> Limits:
    """Say what one request may hold and take.

    >>> request_limits(Limits(rows=100), PlanLimits(rows=5_000, timeout_s=0.5))
    Limits(body_bytes=16777216, rows=100, timeout_s=0.5)
    """
    if plan is None:
        return server
    return Limits(
        body_bytes=_tighter(server.body_bytes, plan.body_bytes),
        rows=_tighter(server.rows, plan.rows),
        timeout_s=_tighter(server.timeout_s, plan.timeout_s),
    )


def batch_policy(server: BatchPolicy, plan: PlanLimits | None) -> BatchPolicy:
    """Say how much may wait for one version, and how long its calls may take."""
    if plan is None:
        return server
    queue = QueueLimits(
        rows=_tighter(server.queue.rows, plan.queue_rows),
        bytes=_tighter(server.queue.bytes, plan.queue_bytes),
    )
    objective_ms = server.objective_ms if plan.objective_ms is None else plan.objective_ms
    return replace(server, queue=queue, objective_ms=objective_ms)


def _tighter(server: _Number, plan: _Number | None) -> _Number:
    return server if plan is None else min(server, plan)
