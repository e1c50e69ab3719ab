"""Time, passed in so that tests can tick it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86400


class Clock(Protocol):
    """What tells the time: wall time for records, monotonic time for durations."""

    def now(self) -> datetime:
        """Return the wall time, aware and in UTC."""
        ...

    def monotonic_s(self) -> float:
        """Return seconds from an arbitrary start that never run backwards."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the wall time in UTC."""
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        """Return the monotonic time in seconds."""
        return time.monotonic()


def rfc3339(moment: datetime) -> str:
    """Write `moment` as RFC 3339 in UTC with milliseconds.

    >>> rfc3339(datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC))
    '2026-01-02T03:04:05.678Z'
    """
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def unix_s(clock: Clock | None = None) -> int:
    """Give the second that it is, UTC since 1970: by the machine's clock where none is given."""
    return int((clock or SystemClock()).now().timestamp())


def minute_of(second: float) -> str:
    """Write the minute of a second (UTC, since 1970) for people.

    >>> minute_of(1_767_323_045)
    '2026-01-02 03:04'
    """
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%d %H:%M")
