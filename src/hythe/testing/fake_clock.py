"""A clock that stands still until a test ticks it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class FakeClock:
    """Shows the moment it was given, plus every tick.

    >>> clock = FakeClock(datetime(2026, 1, 2, tzinfo=UTC))
    >>> clock.tick(1.5)
    >>> clock.now().isoformat(), clock.monotonic_s()
    ('2026-01-02T00:00:01.500000+00:00', 1.5)
    """

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._start = start
        self._passed_s = 0.0

    def now(self) -> datetime:
        """Return the wall time in UTC."""
        return self._start + timedelta(seconds=self._passed_s)

    def monotonic_s(self) -> float:
        """Return the seconds ticked so far."""
        return self._passed_s

    def tick(self, seconds: float) -> None:
        """Let time pass."""
        self._passed_s += seconds
