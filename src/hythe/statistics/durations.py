"""A histogram of durations whose bins grow by one percent, so that any quantile is right within that."""

from __future__ import annotations

import math
from collections.abc import Iterator

_GROWTH = 1.01
_SCALE = 1.0 / math.log(_GROWTH)
_UNIT_S = 1e-6


class Durations:
    """Counts of durations, in the manner of HdrHistogram (Tene): bounded relative error, constant time.

    Bin i holds the durations from 1.01^i to 1.01^(i+1) microseconds; what is shorter than 1 µs is in bin 0.

    >>> found = Durations()
    >>> for ms in range(1, 1001):
    ...     found.record(ms / 1e3)
    >>> 0.99 <= found.quantile(0.99) < 0.99 * 1.011, found.longest_s
    (True, 1.0)
    """

    __slots__ = ("bins", "count", "longest_s", "sum_s")

    def __init__(self) -> None:
        self.bins: dict[int, int] = {}
        self.count = 0
        self.sum_s = 0.0
        self.longest_s = 0.0

    def record(self, seconds: float) -> None:
        """Count one duration."""
        place = int(math.log(seconds / _UNIT_S) * _SCALE) if seconds > _UNIT_S else 0
        self.bins[place] = self.bins.get(place, 0) + 1
        self.count += 1
        self.sum_s += seconds
        self.longest_s = max(self.longest_s, seconds)

    def quantile(self, share: float) -> float:
        """Give the seconds that a `share` of the durations do not exceed; NaN when there are none."""
        if not self.count:
            return math.nan
        rank = max(1, math.ceil(share * self.count))
        for upper_s, passed in self.cumulative():
            if passed >= rank:
                return min(upper_s, self.longest_s)
        return self.longest_s

    def mean_s(self) -> float:
        """Give the mean in seconds, which is exact; NaN when there are none."""
        return self.sum_s / self.count if self.count else math.nan

    def cumulative(self) -> Iterator[tuple[float, int]]:
        """Give each filled bin's upper bound in seconds, and how many durations do not exceed it."""
        passed = 0
        for place in sorted(self.bins):
            passed += self.bins[place]
            yield _UNIT_S * math.exp((place + 1) / _SCALE), passed

    def merge(self, other: Durations) -> None:
        """Add the counts of another."""
        for place, count in other.bins.items():
            self.bins[place] = self.bins.get(place, 0) + count
        self.count += other.count
        self.sum_s += other.sum_s
        self.longest_s = max(self.longest_s, other.longest_s)
