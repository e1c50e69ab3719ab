"""How a version served a period, whole: traffic, errors and latency within one share of false alarms."""

from __future__ import annotations

from collections.abc import Sequence

from hythe.monitor.finding import Finding
from hythe.monitor.service.errors import errors
from hythe.monitor.service.latency import latency
from hythe.monitor.service.limits import ServiceLimits
from hythe.monitor.service.served import Served, comparable
from hythe.monitor.service.traffic import traffic
from hythe.monitor.windows.timing import Timing

SHARE = 0.1
"""The share of a period's false alarms that is left to service; the rest is for values and performance."""
_TESTS = 3


def service(
    served: Served,
    timing: Timing,
    past: Sequence[Served],
    limits: ServiceLimits,
    alpha: float,
    *,
    share: float = 1.0,
) -> list[Finding]:
    """Hold one period's service against its limits; where there are none, against earlier periods like it.

    At most `alpha` false alarms in all: a third for traffic, a third for errors, a third for latency.
    `timing` is of answered requests; `share` is the part of the endpoint's traffic that is to come.
    """
    like, each = comparable(past, served.start), alpha / _TESTS
    failed = errors(served, like, limits.error_rate, each)
    return [
        traffic(served, like, share, each),
        *([] if failed is None else [failed]),
        *latency(timing, like, limits, each),
    ]
