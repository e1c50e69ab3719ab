"""Whether more of the requests fail than may, with an exact interval."""

from __future__ import annotations

from collections.abc import Sequence

from hythe.monitor.finding import Finding
from hythe.monitor.service.served import Served
from hythe.statistics.clopper_pearson import rate_bounds

USUAL = 0.01
"""The share of failed requests that nobody is woken for where no limit is stated."""
_WORSE = 2.0


def limit_of(stated: float | None, past: Sequence[Served]) -> float:
    """Give the stated limit, else twice the rate of the past, and 1% at the least."""
    if stated is not None:
        return stated
    tried = sum(served.tried for served in past)
    return max(USUAL, _WORSE * sum(served.failed for served in past) / tried if tried else 0.0)


def errors(served: Served, past: Sequence[Served], stated: float | None, alpha: float) -> Finding | None:
    """Hold a period's error rate against its limit; None where nothing was tried.

    It alarms when the rate is proven to be above the limit: where it is not, with probability `alpha` at
    most. Failures that come together are one incident all the same, and call for one look.

    >>> found = errors(Served(start=0, period_s=3600, tried=1000, failed=40), [], None, 1e-4)
    >>> found.verdict, found.value, round(found.low, 3)
    ('alarm', 0.04, 0.021)
    """
    if not served.tried:
        return None
    limit = limit_of(stated, past)
    low, high = rate_bounds(served.failed, served.tried, alpha)
    rate = served.failed / served.tried
    above = low > limit
    said = f"{rate:.2%} of {served.tried:,} requests failed (between {low:.2%} and {high:.2%})"
    advice = f"more than the limit of {limit:.2%}: see the log, and 'failed' by reason in details"
    return Finding(
        kind="errors",
        check="error_rate",
        subject="requests",
        verdict="alarm" if above else "ok",
        message=f"{said}, {advice}" if above else f"{said}, within the limit of {limit:.2%}",
        value=rate,
        limit=limit,
        unit="share",
        low=low,
        high=high,
        n=served.tried,
        details={"failed": served.failed},
    )
