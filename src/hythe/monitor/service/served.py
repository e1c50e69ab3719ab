"""What a version did in one period, in the few figures that later periods are compared with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce
from operator import add

import msgspec

from hythe.base.clock import DAY_S
from hythe.monitor.service.limits import QUANTILES
from hythe.monitor.windows.timing import Timing
from hythe.monitor.windows.window import Window

_WEEK_S = 7 * DAY_S
_LEAST = 24


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """Requests that a version took from second `start` (UTC) for `period_s` seconds, and how it did.

    `whole` is how many the endpoint then had, as far as the shares by which they were drawn tell. `tried` are
    the requests that the version should have answered, `failed` those of them that it did not, those that a
    fallback answered included. The quantiles are of answered requests, in seconds, NaN of none.
    """

    start: int
    period_s: int
    requests: int = 0
    whole: float = 0.0
    tried: int = 0
    failed: int = 0
    quantiles_s: dict[str, float] = {}

    @classmethod
    def of(cls, windows: Sequence[Window], start: int, period_s: int) -> Served:
        """Read the figures off the windows of one period, of several shares and revisions."""
        timing = reduce(add, [window.request_s for window in windows], Timing())
        failed = sum(window.count("failed") + window.rescued for window in windows)
        return cls(
            start=start,
            period_s=period_s,
            requests=sum(_requests(window) for window in windows),
            whole=sum(_requests(window) / (window.share or 1.0) for window in windows),
            tried=failed + sum(window.count("answered") for window in windows),
            failed=failed,
            quantiles_s={name: timing.quantile(q) for name, q in QUANTILES.items()},
        )

    @classmethod
    def silent(cls, start: int, period_s: int) -> Served:
        """Give the figures of a period in which nothing came."""
        return cls(start=start, period_s=period_s)


def comparable(past: Sequence[Served], start: int) -> list[Served]:
    """Choose the earlier periods that one which begins at `start` is like; none where too little is known.

    Those at the same time of day in the last seven days, once there has been a week of them, so that the same
    weekday is among them; before that, all of the last day, and at least the last 24.

    >>> week = [Served(start=hour * 3600, period_s=3600) for hour in range(7 * 24)]
    >>> [served.start // 3600 for served in comparable(week, 7 * 24 * 3600)]
    [0, 24, 48, 72, 96, 120, 144]
    >>> len(comparable(week[:30], 30 * 3600)), len(comparable(week[:20], 20 * 3600))
    (24, 0)
    """
    earlier = [served for served in past if start - _WEEK_S <= served.start < start]
    if not earlier:
        return []
    if start - earlier[0].start >= _WEEK_S and start % earlier[0].period_s == 0:
        return [served for served in earlier if (start - served.start) % DAY_S == 0]
    within_s = max(DAY_S, _LEAST * earlier[0].period_s)
    recent = [served for served in earlier if start - served.start <= within_s]
    return recent if len(recent) >= _LEAST else []


def upper(values: Sequence[float], share: float = 0.95) -> float | None:
    """Give the least of the values that `share` of them do not exceed; None where none is a number.

    >>> upper([3.0, float("nan"), 1.0, 2.0], 0.5)
    2.0
    """
    numbers = sorted(value for value in values if not math.isnan(value))
    return numbers[max(0, math.ceil(share * len(numbers)) - 1)] if numbers else None


def _requests(window: Window) -> int:
    return sum(window.requests.values())
