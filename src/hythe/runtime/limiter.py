"""Rates and quotas over all processes of a server: one row of shared memory for each place, and no lock.

**Rate.** The generic cell rate algorithm as virtual scheduling (ITU-T Recommendation I.371, annex A, with
T = `interval_s` and τ + T = `window_s`): each place holds one theoretical arrival time (TAT), a float64 on
the clock that all processes of a machine share. An aligned store of 8 bytes is atomic on every processor
that Hythe runs on, so a reader never sees half a number. It is read once more just before it is stored, and
all is computed anew where another process has stored meanwhile. Two processes that look within the same
hundred nanoseconds may still both let a request through and store one step between them: such a lost
update costs one request too many, seldom, and never one too few. Where a process loses the processor in that
moment, what others let through meanwhile is forgotten: at most the rate times that pause. A test with four
processes holds the rate to 5%.

**Quota.** Each process counts in a column of its own, so nothing is lost, and reads the sum. It counts
first and looks then, so that two processes cannot both take the last request; what was refused is
taken off again.
"""

from __future__ import annotations

import mmap
import os
import time
from collections.abc import Callable

import msgspec

from hythe.base.errors import Busy, Invalid

PLACES = 2**20
"""Places in one memory. Untouched pages take no room, so a place is never used for a second key."""

_COLUMNS_AT, _HEAD = 0, 8
_DUE, _PERIOD, _OFFSET, _SAVED, _COUNTS = range(5)
_ROUNDING_S = 1e-9
"""What sums of float64 seconds may be off: far less than any interval."""


class Limit(msgspec.Struct, frozen=True, gc=False):
    """What one place lets through; 0 is no limit.

    `interval_s` is the pause between requests at the full rate, `window_s` the time that a burst takes at
    that rate. `quota` requests pass in each period of `period_s` seconds since 1970.
    """

    interval_s: float = 0.0
    window_s: float = 0.0
    quota: float = 0.0
    period_s: float = 86_400.0

    @classmethod
    def of(
        cls, rate_per_s: float | None, burst: int = 1, quota: float | None = None, period_s: float = 86_400.0
    ) -> Limit:
        """Make the limit of a rate and a quota; None is no limit.

        >>> Limit.of(100.0, burst=10)
        Limit(interval_s=0.01, window_s=0.1, quota=0.0, period_s=86400.0)
        """
        interval_s = 1.0 / rate_per_s if rate_per_s else 0.0
        return cls(interval_s, interval_s * max(burst, 1), float(quota or 0), period_s)


class Usage(msgspec.Struct, frozen=True, gc=False):
    """What was taken at a place: `used` in the period numbered `period`, counted from 1970 on.

    `total` is what this server has let through since it started, `unsaved` how much of it was never saved.
    """

    period: int
    used: int
    total: int
    unsaved: int


class Limiter:
    """One process's view of the shared memory behind `descriptor`; it counts in `column`.

    A column belongs to one thread at a time. `monotonic` must be one clock for all processes, `wall` counts
    seconds since 1970.

    >>> limiter = Limiter(create(columns=2), column=0, monotonic=lambda: 7.0)
    >>> policer = limiter.policer(0, Limit.of(rate_per_s=10.0, burst=2))
    >>> policer.take(), policer.take()
    (None, None)
    >>> policer.take()
    Traceback (most recent call last):
    ...
    hythe.base.errors.Busy: the rate of 10 a second is used up; try again in 0.1 s
    """

    def __init__(
        self,
        descriptor: int,
        column: int,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        memory = mmap.mmap(descriptor, os.fstat(descriptor).st_size)
        self._cells: memoryview[float] = memoryview(memory).cast("d")
        columns = int(self._cells[_COLUMNS_AT])
        if not 0 <= column < columns:
            raise Invalid(f"column {column} of {columns}; give one that exists")
        self._width = _COUNTS + columns
        self._places = (len(self._cells) - _HEAD) // self._width
        self._own = _COUNTS + column
        self._monotonic = monotonic
        self._wall = wall

    def policer(self, place: int, limit: Limit) -> Policer:
        """Give what lets requests through at `place`, within `limit`; raises Invalid beyond the memory."""
        return Policer(self._row(place), self._own, limit, self._monotonic, self._wall)

    def usage(self, place: int) -> Usage:
        """Tell what was taken at a place; raises Invalid beyond the memory."""
        row = self._row(place)
        total = sum(row[_COUNTS:])
        return Usage(int(row[_PERIOD]), round(total + row[_OFFSET]), round(total), round(total - row[_SAVED]))

    def restore(self, place: int, seen: Usage, period: int, used: int) -> None:
        """Say what everybody used in `period`, now that all of `seen`, read a moment ago, is saved.

        So quotas outlive a restart, and hold over the servers that share a catalog. When another period
        began since `seen` was read, nothing changes.
        """
        row = self._row(place)
        if row[_PERIOD] == seen.period:
            row[_SAVED] = seen.total
            row[_OFFSET] = used - seen.total
            row[_PERIOD] = period

    def _row(self, place: int) -> memoryview[float]:
        if not 0 <= place < self._places:
            raise Invalid(f"place {place} of {self._places}; give one that exists")
        start = _HEAD + place * self._width
        return self._cells[start : start + self._width]


class Policer:
    """Lets the requests of one place through, or refuses them."""

    __slots__ = ("_counts", "_from_s", "_limit", "_monotonic", "_own", "_row", "_until_s", "_wall")

    def __init__(
        self,
        row: memoryview[float],
        own: int,
        limit: Limit,
        monotonic: Callable[[], float],
        wall: Callable[[], float],
    ) -> None:
        self._row = row
        self._counts = row[_COUNTS:]
        self._own = own
        self._limit = limit
        self._monotonic = monotonic
        self._wall = wall
        self._from_s = self._until_s = 0.0

    def take(self, cost: float = 1.0) -> None:
        """Let one request of `cost` through.

        Raises:
            Busy: with the time until the rate lets it through, or until the quota's period ends.

        """
        limit = self._limit
        row = self._row
        if limit.interval_s:
            while True:
                now = self._monotonic()
                known = row[_DUE]
                begin = known if known > now else now  # noqa: FURB136 - max() takes longer
                due = begin + cost * limit.interval_s
                if due - now - limit.window_s > _ROUNDING_S:
                    raise _too_fast(limit, due - now - limit.window_s)
                if row[_DUE] == known:
                    row[_DUE] = due
                    break
        if limit.quota:
            now = self._wall()
            if not self._from_s <= now < self._until_s:
                self._begin(now)
            row[self._own] += cost
            if sum(self._counts) + row[_OFFSET] > limit.quota:
                row[self._own] -= cost
                raise _used_up(limit, self._until_s - now)

    def _begin(self, now: float) -> None:
        """Enter the period of `now`; the first process to do so marks where its count starts."""
        period, length_s = now // self._limit.period_s, self._limit.period_s
        self._from_s, self._until_s = period * length_s, (period + 1) * length_s
        if self._row[_PERIOD] != period:
            total = sum(self._counts)
            self._row[_SAVED] = total
            self._row[_OFFSET] = -total
            self._row[_PERIOD] = period


def create(columns: int, places: int = PLACES) -> int:
    """Make the shared memory for `columns` processes; children may inherit the file descriptor it gives."""
    descriptor = os.memfd_create("hythe-limiter")
    os.ftruncate(descriptor, 8 * (_HEAD + places * (_COUNTS + columns)))
    with mmap.mmap(descriptor, 8 * _HEAD) as memory:
        memoryview(memory).cast("d")[_COLUMNS_AT] = columns
    return descriptor


def _too_fast(limit: Limit, wait_s: float) -> Busy:
    rate = 1.0 / limit.interval_s
    return Busy(f"the rate of {rate:g} a second is used up; try again in {wait_s:.3g} s", wait_s)


def _used_up(limit: Limit, wait_s: float) -> Busy:
    return Busy(f"the quota of {limit.quota:g} requests is used up; it is renewed in {wait_s:.0f} s", wait_s)
